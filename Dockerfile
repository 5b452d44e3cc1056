# The Airflow image of compose.yaml: the locked requirements and this project in one virtual environment.
# Every base that has Python 3.11 with venv will do; no "# syntax=" line, so that a build needs no second image.
ARG BASE_IMAGE=python:3.11.15-slim-bookworm

FROM ${BASE_IMAGE} AS build
RUN python3 -m venv /opt/venv
WORKDIR /src
COPY requirements.lock ./
# The lock has everything that is needed, so pip need not look for more; an older pip, as Debian's, would find a newer
# celery for "celery[redis]" and give up.
# A private index and its CA come in as build secrets (PIP_CONFIG_FILE and CA_BUNDLE in .env), so no layer keeps them.
# In that pip.conf the CA is `cert = /run/secrets/ca_bundle`.
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf --mount=type=secret,id=ca_bundle \
    /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock \
    && /opt/venv/bin/pip check
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY operators operators
COPY pipelines pipelines
RUN --mount=type=secret,id=pip_conf,target=/etc/pip.conf --mount=type=secret,id=ca_bundle \
    /opt/venv/bin/pip install --no-cache-dir --no-deps .

FROM ${BASE_IMAGE}
ENV AIRFLOW_HOME=/opt/airflow \
    PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1
# A new named volume takes the owner of the folder that it covers, hence the empty folders.
RUN useradd --uid 50000 --gid 0 --no-create-home --home-dir /opt/airflow airflow \
    && mkdir -p /opt/airflow/artifacts /opt/airflow/logs /opt/airflow/pipelines \
    && chown -R airflow:0 /opt/airflow
COPY --from=build /opt/venv /opt/venv
COPY stack/healthcheck.py /opt/healthcheck.py
WORKDIR /opt/airflow
USER airflow
CMD ["airflow", "version"]
