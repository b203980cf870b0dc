// Verify bundles with npm's @sigstore/verify: node sigstore_verify.js CASES.json AUTHORITY.pem ROOT.pem
// CASES.json: [{"name", "bundle": path, "key": path of a PEM, "id": its hint}]; prints {"name": "accepts" | "refuses: why"}.
const fs = require('fs');
const crypto = require('crypto');
const { bundleFromJSON } = require('@sigstore/bundle');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

// The authority of the stored time stamps: its certificate and its root.
const chain = process.argv.slice(3).map((file) => ({ rawBytes: new crypto.X509Certificate(fs.readFileSync(file)).raw }));
const authority = { certChain: { certificates: chain }, validFor: { start: new Date(0) } };
const root = { certificateAuthorities: [], timestampAuthorities: [authority], tlogs: [], ctlogs: [] };
const answers = {};
for (const { name, bundle, key, id } of JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))) {
  const rawBytes = crypto.createPublicKey(fs.readFileSync(key)).export({ format: 'der', type: 'spki' });
  const trust = toTrustMaterial(root, { [id]: { rawBytes } });
  const verifier = new Verifier(trust, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 });
  try {
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(fs.readFileSync(bundle, 'utf8')))));
    answers[name] = 'accepts';
  } catch (error) {
    answers[name] = `refuses: ${error.message}`;
  }
}
console.log(JSON.stringify(answers));
