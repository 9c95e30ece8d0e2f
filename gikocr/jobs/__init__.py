"""Running jobs: the processes that read documents, the queue on PostgreSQL, its workers, and what brings jobs of dead workers back.

Every document is decoded and read in a process of its own (:mod:`gikocr.ingest.isolation` says with which limits), whoever asks for it:
``gikocr extract`` through :mod:`gikocr.jobs.processes`, workers and the embedded service through :mod:`gikocr.jobs.children`.
"""
