#!/bin/sh
# Sign a statement with openssl and jq alone, for a machine that holds the key and nothing else.
#
#   openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem      (once)
#   openssl pkey -in key.pem -pubout -out key.pub.pem                                (once)
#   docs/sign-with-openssl.sh scorecard.json key.pem > scorecard.sigstore.json
#
# scorecard.json is signed byte for byte as it is: it is the payload, and nothing is formatted again.
set -eu

refuse() {
    echo "refused: $1" >&2
    exit 1
}

[ $# -eq 2 ] || refuse "usage: $0 STATEMENT PRIVATE_KEY"
statement=$1 key=$2
command -v openssl >/dev/null || refuse "openssl is not installed"
command -v jq >/dev/null || refuse "jq is not installed"
[ -r "$statement" ] || refuse "cannot read the statement $statement"
[ -r "$key" ] || refuse "cannot read the private key $key"
type=application/vnd.in-toto+json
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

jq -e '._type == "https://in-toto.io/Statement/v1"' "$statement" >/dev/null 2>/dev/null || refuse "not a statement: $statement"
{
    printf 'DSSEv1 %d %s %d ' ${#type} "$type" "$(($(wc -c <"$statement")))"
    cat "$statement"
} >"$dir/pae"
openssl dgst -sha256 -sign "$key" -out "$dir/signature" "$dir/pae" || refuse "cannot sign with $key"
openssl base64 -A -in "$statement" >"$dir/payload"
id=$(openssl pkey -in "$key" -pubout -outform DER | openssl dgst -sha256 -binary | openssl base64 -A)
sig=$(openssl base64 -A -in "$dir/signature")
jq -cS -n --rawfile payload "$dir/payload" --arg type "$type" --arg id "$id" --arg sig "$sig" '{
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: {publicKey: {hint: $id}},
    dsseEnvelope: {payload: $payload, payloadType: $type, signatures: [{sig: $sig, keyid: $id}]}
}'
