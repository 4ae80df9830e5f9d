# The portal with everything that it needs; settings and secrets come from outside (docs/operations.md).
FROM python:3.12-slim-bookworm AS packages
COPY requirements.txt requirements-redis.txt /tmp/
RUN python -m venv /opt/portal && /opt/portal/bin/pip install --no-cache-dir --disable-pip-version-check -r /tmp/requirements.txt -r /tmp/requirements-redis.txt

FROM python:3.12-slim-bookworm
RUN groupadd --gid 10001 portal \
 && useradd --uid 10001 --gid portal --home-dir /var/lib/maintenance-portal --no-create-home --shell /usr/sbin/nologin portal \
 && install -d -m 0700 -o portal -g portal /var/lib/maintenance-portal
COPY --from=packages /opt/portal /opt/portal
WORKDIR /opt/maintenance-portal
COPY manage.py LICENSE ./
COPY maintenance_portal/ maintenance_portal/
COPY strategies/ strategies/
COPY monitoring/ monitoring/
COPY templates/ templates/
COPY static/ static/
ENV PATH=/opt/portal/bin:$PATH PYTHONUNBUFFERED=1 PORTAL_DATA=/var/lib/maintenance-portal
RUN python -m compileall -q maintenance_portal strategies monitoring
USER portal
VOLUME /var/lib/maintenance-portal
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s CMD ["python", "-m", "maintenance_portal.health_probe"]
ENTRYPOINT ["python", "manage.py"]
CMD ["portal", "--host", "0.0.0.0", "--no-demo"]
