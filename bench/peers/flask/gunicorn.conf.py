"""gunicorn as its own documentation advises for connections that are kept alive: threads, behind a proxy.

`sync` workers close each connection after one answer.
"""

import os

bind = os.environ["LISTEN"]
worker_class = "gthread"
workers = int(os.environ["WORKERS"])
threads = int(os.environ["THREADS"])
keepalive = 75
backlog = 2048
timeout = 30
graceful_timeout = 3
# Heartbeat files on a RAM disk, as gunicorn's FAQ advises.
worker_tmp_dir = "/dev/shm"
# The application logs one line for each call, as ours does; a second one would only cost.
accesslog = None
errorlog = "-"
loglevel = "warning"
