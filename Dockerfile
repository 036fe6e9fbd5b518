# The digest decides, the tag says what it is; both are renewed together.
ARG PYTHON_DIGEST=sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

# ---------------------------------------------------------------------------- build
FROM python:3.11-slim-bookworm@${PYTHON_DIGEST} AS build
# `full` has every extra; `run` does without PostgreSQL, traces and the fast transport.
ARG LOCK=full
ARG PIP_NO_CACHE_DIR=1
WORKDIR /app/src
RUN python -m venv /app/venv
COPY requirements/${LOCK}.txt requirements/
RUN /app/venv/bin/python -m pip install --only-binary :all: --no-deps --require-hashes --requirement requirements/${LOCK}.txt
COPY pyproject.toml README.md LICENSE ./
COPY server server
RUN /app/venv/bin/python -m pip install --no-deps --no-index --no-build-isolation . \
    && /app/venv/bin/python -m pip uninstall --yes pip \
    && mkdir /app/var

# ---------------------------------------------------------------------------- image
FROM python:3.11-slim-bookworm@${PYTHON_DIGEST}
LABEL org.opencontainers.image.title="reputable" \
      org.opencontainers.image.description="How credible is this claim, coming from this source, at this moment?" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/app/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    REPUTABLE_ADDRESS=0.0.0.0:50051 \
    REPUTABLE_METRICS_ADDRESS=0.0.0.0:9464
WORKDIR /app
COPY --from=build /app/venv venv
# The ledger; kept by a volume mounted here.
COPY --from=build --chown=65532:65532 /app/var var
COPY scripts/healthcheck.py healthcheck.py
USER 65532:65532
EXPOSE 50051 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["python", "/app/healthcheck.py"]
ENTRYPOINT ["reputable"]
CMD ["serve"]
