"""The AWS of the tests: servers that speak AWS's protocols, in threads of the test process.

In dependency order:

    dialect     the statements of a Redshift script, in DuckDB's SQL
    warehouse   one Redshift database on DuckDB: tables, sessions, and types by Redshift's names
    transfers   COPY from and UNLOAD to the S3 server, as the role that the statement names
    access      IAM: moto's own check of signatures and policies, and a record of what was used
    endpoints   the clusters and workgroups there are, and who may connect to them
    data_api    the Redshift Data API, checked against botocore's service model
    faults      answers of AWS that a healthy server never gives: throttled, expired, refused
    cloud       moto's server for S3, STS, IAM and Secrets Manager beside the Redshift server
    fixtures    both as pytest fixtures; clients find them by AWS_ENDPOINT_URL
"""
