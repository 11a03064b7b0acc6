"""The task list of a flow document: one reader a task type, then the rules between tasks."""
