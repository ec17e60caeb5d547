# The Jobs of the credit scoring example: the stock image and the example's Feast repository.
FROM hotplate/jobs:0.1.0
COPY --chown=65532:65532 feature_repo /feature_repo
RUN cd /feature_repo && python credit_tables.py
