FROM golang:1.26.8-trixie AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/gateway ./cmd/gateway && mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/gateway /gateway
# The ledger, unless STATE_DSN names a PostgreSQL: keep this volume.
COPY --from=build --chown=65532:65532 /out/data /data
VOLUME /data
WORKDIR /
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["/gateway", "check", "--health"]
ENTRYPOINT ["/gateway"]
