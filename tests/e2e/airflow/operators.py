"""Runs AppFlow operators of Airflow one after another, as tasks would, and says what came of each."""

# Not of headrace's environment: pyright does not know Airflow.
# pyright: reportMissingImports=false, reportUnknownVariableType=false
from __future__ import annotations

import json
import sys
from typing import Any

from airflow.providers.amazon.aws.operators import appflow

# At AWS an update takes its time; each operator that makes one sleeps for so long.
appflow.AppflowBaseOperator.UPDATE_PROPAGATION_TIME = 0


class TaskInstance:
    """Where operators leave what later ones look up."""

    task = None

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        return self.pushed.get(key)


def main() -> None:
    done: list[dict[str, Any]] = []
    instance = TaskInstance()
    for number, (name, arguments) in enumerate(json.loads(sys.argv[1])):
        operator = getattr(appflow, name)(task_id=f"task-{number}", **arguments)
        try:
            answer = operator.execute({"task_instance": instance, "ti": instance})
        except Exception as error:  # Boundary: the test says which errors are right
            done.append({"error": f"{type(error).__name__}: {error}"})
        else:
            done.append({"answer": answer, "execution": instance.pushed.get("execution_id")})
    print("DONE " + json.dumps(done))


main()
