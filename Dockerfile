# The service and the pipeline in one image: `leadpact train` and `leadpact serve` on a mounted workspace.
FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/leadpact
ENV PATH=/opt/leadpact/bin:$PATH
# What changes seldom comes first. Every package is checked against the hash in the lock.
COPY requirements.lock ./
RUN pip install --no-cache-dir --only-binary :all: --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE leadpact.py ./
COPY features features
COPY models models
COPY training training
COPY serving serving
RUN pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.11-slim
# LightGBM's library needs OpenMP's.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home --shell /usr/sbin/nologin leadpact \
 && install --directory --owner leadpact --group leadpact /workspace
COPY --from=build /opt/leadpact /opt/leadpact
ENV PATH=/opt/leadpact/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    OMP_WAIT_POLICY=passive \
    OMP_NUM_THREADS=1 \
    MLFLOW_DISABLE_TELEMETRY=true \
    MPLCONFIGDIR=/tmp/matplotlib \
    LEADPACT_HOST=0.0.0.0 \
    LEADPACT_PORT=8000
USER leadpact
WORKDIR /workspace
VOLUME /workspace
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=3)"]
ENTRYPOINT ["leadpact"]
CMD ["serve"]
