"""Tributary's daily jobs: late events, the report, journeys to an attribution API, and their report.

Put this file into Airflow's folder of DAGs. The workers need the program `tributary` and its configuration
(/etc/tributary/tributary.yaml, or TRIBUTARY_CONFIG). Airflow's variables (all optional):

    tributary_command      the program; default: tributary
    tributary_timezone     whose midnight days start and end at; default: UTC
    tributary_reports      folder of the reports; default: /var/lib/tributary/reports
    tributary_late_days    how many days back late events are counted; default: 7
    tributary_journeys     JSON: {"url": ..., "conv_type_id": ..., "results": "postgres://user@host/database",
                           "api_key_file": ...}; without it there are no tasks for journeys

Every task can run twice: a backfill changes nothing the second time, a report of the same day at the same revision is the
same file, journeys that are stored are not sent again.
"""

from __future__ import annotations

import json
import shlex
from datetime import datetime, timedelta

from airflow import DAG
from airflow.models import Variable

try:
    from airflow.providers.standard.operators.bash import BashOperator
except ImportError:  # Airflow 2
    from airflow.operators.bash import BashOperator

command = Variable.get("tributary_command", default_var="tributary")
zone = Variable.get("tributary_timezone", default_var="UTC")
reports = Variable.get("tributary_reports", default_var="/var/lib/tributary/reports")
late_days = int(Variable.get("tributary_late_days", default_var="7"))
journeys = json.loads(Variable.get("tributary_journeys", default_var="null"))

# The day that a run is about, and where its late events begin. `ds` is the day whose interval has just ended.
DAY = "{{ ds }}"
FIRST = "{{ macros.ds_add(ds, -%d) }}" % (late_days - 1)


def task(task_id: str, *arguments: str, **options) -> BashOperator:
    """A task that runs `tributary` with these arguments; templates in them are left as they are."""
    words = [command, *arguments]
    text = " ".join(word if "{{" in word else shlex.quote(word) for word in words)
    return BashOperator(task_id=task_id, bash_command=text, **options)


with DAG(
    dag_id="tributary_daily",
    description="Late events, report and journeys of each day",
    # An hour behind midnight: a day is final once the watermark has passed it.
    schedule="0 1 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={
        # A day that is not final yet is exit code 1: the next try may find it so.
        "retries": 6,
        "retry_delay": timedelta(minutes=10),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "execution_timeout": timedelta(hours=3),
    },
    tags=["tributary"],
) as dag:
    backfill = task("backfill", "backfill", "--from", FIRST, "--to", DAY, "--timezone", zone)
    report = task(
        "report",
        *("report", "--day", DAY, "--timezone", zone, "--compare-models", "--format", "csv"),
        *("--output", f"{reports}/{DAY}.csv"),
    )
    backfill >> report

    if journeys:
        attribute = task(
            "journeys",
            *("journeys", "attribute", "--from", FIRST, "--to", DAY),
            *("--url", journeys["url"], "--conv-type-id", journeys["conv_type_id"]),
            *("--results", journeys["results"], "--api-key-file", journeys["api_key_file"]),
        )
        channels = task(
            "channel_report",
            *("journeys", "report", "--results", journeys["results"]),
            *("--from", DAY, "--to", DAY, "--format", "csv"),
            *("--output", f"{reports}/channels-{DAY}.csv"),
        )
        backfill >> attribute >> channels
