# The server on stdio:  docker run -i --rm -v voygen:/data voygen
FROM python:3.14-slim AS build
WORKDIR /src
COPY requirements.txt ./
RUN python -m venv /opt/voygen \
    && /opt/voygen/bin/pip install --no-cache-dir --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE voygen.py ./
COPY server/ server/
COPY tools/ tools/
COPY documents/ documents/
COPY migrations/ migrations/
COPY database/ database/
# Bytecode is made here, once: without it the first start takes three times as long.
RUN /opt/voygen/bin/pip install --no-cache-dir --no-deps . \
    && /opt/voygen/bin/python -m compileall -q /opt/voygen/lib

FROM python:3.14-slim
RUN useradd --create-home --uid 10001 voygen \
    && install -d -o voygen -g voygen -m 0700 /data
COPY --from=build /opt/voygen /opt/voygen
USER 10001
ENV PATH=/opt/voygen/bin:$PATH PYTHONDONTWRITEBYTECODE=1 VOYGEN_DB=/data/voygen.db
VOLUME /data
ENTRYPOINT ["voygen", "serve"]
