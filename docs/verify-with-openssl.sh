#!/bin/sh
# Verify a signed scorecard with openssl and jq alone.
#
#   docs/verify-with-openssl.sh scorecard.sigstore.json vendor.pub.pem > payload.json
#
# Exit status 0 and the signed payload on standard output when the one signature holds; otherwise exit status 1, a
# sentence on standard error and no output. It says that this key signed these bytes. Whose key it is, whether it
# counts, when it was made, and whether the numbers follow from the evidence are other questions.
set -eu

refuse() {
    echo "refused: $1" >&2
    exit 1
}

[ $# -eq 2 ] || refuse "usage: $0 BUNDLE PUBLIC_KEY"
bundle=$1 key=$2
command -v openssl >/dev/null || refuse "openssl is not installed"
command -v jq >/dev/null || refuse "jq is not installed"
[ -f "$bundle" ] && [ -r "$bundle" ] || refuse "cannot read the bundle $bundle"
[ -r "$key" ] || refuse "cannot read the public key $key"
openssl pkey -pubin -in "$key" -noout 2>/dev/null || refuse "no public key in PEM: $key"
type=application/vnd.in-toto+json
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# 1. One JSON document of exactly these members, no member twice, one signature.
[ "$(head -c 1 "$bundle")" = "{" ] || refuse "not a JSON object"
[ "$(jq -s length "$bundle" 2>/dev/null)" = 1 ] || refuse "not one JSON document"
[ -z "$(jq -c --stream 'select(length == 2)[0]' "$bundle" | sort | uniq -d)" ] || refuse "a member occurs twice"
jq -e --arg type "$type" '
    (keys == ["dsseEnvelope", "mediaType", "verificationMaterial"])
    and .mediaType == "application/vnd.dev.sigstore.bundle.v0.3+json"
    and (.verificationMaterial | keys - ["timestampVerificationData"] == ["publicKey"] and (.publicKey | keys == ["hint"]))
    and (.dsseEnvelope | keys == ["payload", "payloadType", "signatures"] and .payloadType == $type)
    and (.dsseEnvelope.signatures | length == 1 and (.[0] | keys == ["keyid", "sig"]))
    and .dsseEnvelope.signatures[0].keyid == .verificationMaterial.publicKey.hint
' "$bundle" >/dev/null 2>&1 || refuse "not a Sigstore bundle v0.3 with one signature by one key"

# 2. The bundle names this key: its id is base64(sha256(SubjectPublicKeyInfo in DER)).
id=$(openssl pkey -pubin -in "$key" -outform DER | openssl dgst -sha256 -binary | openssl base64 -A)
[ "$(jq -r .verificationMaterial.publicKey.hint "$bundle")" = "$id" ] || refuse "signed with another key than $id"

# 3. Payload and signature are base64 in its one spelling.
decode() {
    jq -j "$1" "$bundle" >"$dir/text"
    openssl base64 -d -A -in "$dir/text" -out "$2" 2>/dev/null || refuse "not base64"
    [ "$(openssl base64 -A -in "$2")" = "$(cat "$dir/text")" ] || refuse "not base64 in its one spelling"
}
decode .dsseEnvelope.payload "$dir/payload"
decode '.dsseEnvelope.signatures[0].sig' "$dir/signature"
# openssl reads no more than the longest signature of a key and would not see what follows it.
[ "$(wc -c <"$dir/signature")" -le 72 ] || refuse "the signature is not over this payload by this key"

# 4. The signature covers DSSE's encoding: "DSSEv1", then length and bytes of the type, length and bytes of the payload.
{
    printf 'DSSEv1 %d %s %d ' ${#type} "$type" "$(($(wc -c <"$dir/payload")))"
    cat "$dir/payload"
} >"$dir/pae"
case $(openssl pkey -pubin -in "$key" -noout -text) in
*ED25519*) openssl pkeyutl -verify -pubin -inkey "$key" -rawin -in "$dir/pae" -sigfile "$dir/signature" >/dev/null 2>&1 ;;
*prime256v1*) openssl dgst -sha256 -verify "$key" -signature "$dir/signature" "$dir/pae" >/dev/null 2>&1 ;;
*) refuse "neither an ECDSA P-256 nor an Ed25519 key" ;;
esac || refuse "the signature is not over this payload by this key"

# 5. The payload is JSON without a member twice, and a statement.
[ "$(head -c 1 "$dir/payload")" = "{" ] || refuse "the payload is not a JSON object"
[ "$(jq -s length "$dir/payload" 2>/dev/null)" = 1 ] || refuse "the payload is not one JSON document"
[ -z "$(jq -c --stream 'select(length == 2)[0]' "$dir/payload" | sort | uniq -d)" ] || refuse "a member of the payload occurs twice"
jq -e '._type == "https://in-toto.io/Statement/v1"' "$dir/payload" >/dev/null || refuse "not an in-toto statement v1"

cat "$dir/payload"
