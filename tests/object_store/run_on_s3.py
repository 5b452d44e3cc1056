"""Runs ml_pipeline with its source, artefacts and registry on S3; prints what came of it as JSON. For test_s3.py.

Run by the Python of an environment that has the extra "s3" and moto, a server that speaks S3.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HOME, PIPELINES = Path(sys.argv[1]), Path(sys.argv[2])
os.environ |= {"AIRFLOW_HOME": str(HOME), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}


def start_server() -> str:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    return f"http://127.0.0.1:{server.get_host_and_port()[1]}"


def client_of(address: str) -> Any:
    import boto3

    return boto3.client(
        "s3", endpoint_url=address, aws_access_key_id="someone", aws_secret_access_key="s3cret", region_name="us-east-1"
    )


def table() -> bytes:
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer(as_frame=True)
    frame = data.frame.rename(columns=lambda name: name.replace(" ", "_"))
    frame["target"] = [str(data.target_names[number]) for number in frame["target"]]
    return bytes(frame.to_csv(index=False).encode())


def run(folder: Path) -> dict[str, str]:
    from pipelines.loader import load

    loaded = load(folder, dag_id="ml_pipeline")
    if loaded.diagnostics:
        raise SystemExit(str(loaded.diagnostics))
    done = loaded.dags["ml_pipeline"].test()
    return {ti.task_id: str(ti.state) for ti in done.get_task_instances()}


def main() -> None:
    address = start_server()
    s3 = client_of(address)
    for bucket in ("inbox", "artefacts"):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket="inbox", Key="table.csv", Body=table())
    os.environ["AIRFLOW_CONN_STORE"] = json.dumps(
        {"conn_type": "aws", "login": "someone", "password": "s3cret", "extra": {"endpoint_url": address}}
    )
    os.environ["AIRFLOW__PIPELINES__ARTIFACT_ROOT"] = "s3://store@artefacts/airflow"
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    folder = HOME / "dags"
    folder.mkdir()
    for name in ("dags.py", "problems.py", ".airflowignore"):
        shutil.copy(PIPELINES / name, folder / name)
    text = (PIPELINES / "ml_pipeline.yaml").read_text()
    (folder / "ml_pipeline.yaml").write_text(text.replace("sample://breast_cancer", "s3://store@inbox/table.csv"))
    states = run(folder)
    keys = sorted(entry["Key"] for entry in s3.list_objects_v2(Bucket="artefacts")["Contents"])
    Path(sys.argv[3]).write_text(json.dumps({"states": states, "keys": keys}))


if __name__ == "__main__":
    main()
