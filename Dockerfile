# The image of every Airflow service in docker-compose.yaml: Airflow's own, with exactly the versions of our lock file.
FROM apache/airflow:3.3.2-python3.11

COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --disable-pip-version-check -r /tmp/requirements.lock

COPY --chown=root:0 plugins /opt/probity/plugins
COPY --chown=root:0 dags /opt/probity/dags
COPY --chown=root:0 include /opt/probity/include
COPY --chown=root:0 config /opt/probity/config

# Named volumes take over owner and mode from the image: the service user must be able to write them.
USER root
RUN install -d -o 50000 -g 0 -m 0770 /var/lib/probity /var/lib/probity/drop /var/log/probity
USER 50000
WORKDIR /opt/probity
