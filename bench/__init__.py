"""What headrace costs, as ratios measured in one run."""
