# The credit scoring bento: the stock serving image and the bento's sources.
FROM hotplate/serving:0.1.0
COPY --chown=65532:65532 bentos/credit_scoring /bento
