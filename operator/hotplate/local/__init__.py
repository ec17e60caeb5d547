"""The same manifests on one machine: `hotplate up`, `plan`, `status` and `down`.

In dependency order:

    errors      the one error that ends a local command
    record      what earlier runs did
    state       the state folder, who holds it, what a killed run left behind
    steps       the lines that a run prints
    manifests   the two resources and their sources
    decide      what a run has to do, pure decisions
    settings    the scoring process's settings
    embedded    the embedded Valkey
    worker      a process that runs jobs
    prepare     the jobs in their order
    bento       BentoML's server as a child process
    example     the bento's example request and its answer
    up          the whole run
    detached    the whole run in the background
    planned     what an apply would change
    status      what the state folders say
"""
