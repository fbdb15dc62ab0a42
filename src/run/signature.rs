//! Signs the manifest of a run with an Ed25519 key, and checks such a signature. Keys are what `openssl` makes:
//!
//! ```sh
//! openssl genpkey -algorithm ed25519 -out key.pem      # PKCS#8, for --sign
//! openssl pkey -in key.pem -pubout -out pub.pem        # for verify --key
//! ```

use std::path::Path;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};

use crate::error::{Error, Result};
use crate::model::{RunSignature, SIGNATURE_FORMAT};

/// What stands before the 32 bytes of an Ed25519 key in a public key file (RFC 8410).
const PUBLIC_KEY_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const ED25519_NAME: &str = "ed25519";

/// A key to sign with. Never shown.
pub(super) struct SigningKey(Ed25519KeyPair);

/// A key to check a signature with.
pub(super) struct PublicKey([u8; 32]);

impl SigningKey {
    /// Reads a private key: PKCS#8, as PEM or DER.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read(path, "the key to sign with")?;
        let der = PrivatePkcs8KeyDer::from_pem_slice(&text).map(|key| key.secret_pkcs8_der().to_vec());
        // Keys of openssl do not repeat the public key, which is no fault.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der.unwrap_or(text));
        // The cause is not told: it is about the bytes of a secret.
        pair.map(Self).map_err(|_| {
            Error::usage("the file holds no Ed25519 private key")
                .at(path.display())
                .hint("make one with: openssl genpkey -algorithm ed25519 -out key.pem")
        })
    }

    /// The signature of a manifest, as a file.
    pub fn sign(&self, manifest: &[u8]) -> Result<Vec<u8>> {
        let signature = RunSignature {
            format: SIGNATURE_FORMAT.into(),
            algorithm: ED25519_NAME.into(),
            public_key: hex::encode(self.0.public_key()),
            signature: hex::encode(self.0.sign(manifest)),
        };
        written(&signature).map_err(|e| Error::output("cannot write the signature as JSON").because(e))
    }
}

fn written(signature: &RunSignature) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(signature)?;
    bytes.push(b'\n');
    Ok(bytes)
}

impl PublicKey {
    /// Reads a public key: SubjectPublicKeyInfo, as PEM or DER.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read(path, "the public key")?;
        let der = SubjectPublicKeyInfoDer::from_pem_slice(&text).map(|key| key.as_ref().to_vec()).unwrap_or(text);
        let key = der.strip_prefix(&PUBLIC_KEY_PREFIX).and_then(|key| key.try_into().ok());
        key.map(Self).ok_or_else(|| {
            Error::usage("the file holds no Ed25519 public key")
                .at(path.display())
                .hint("make one with: openssl pkey -in key.pem -pubout -out pub.pem")
        })
    }

    /// The key in hex.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

/// What is wrong with a signature of a manifest, if anything is; `key` is the one it must be of, else its own is taken.
pub(super) fn fault(file: &[u8], manifest: &[u8], key: Option<&PublicKey>) -> Option<String> {
    let Ok(signature) = serde_json::from_slice::<RunSignature>(file) else {
        return Some("is no signature".into());
    };
    if !written(&signature).is_ok_and(|again| again == file) {
        return Some("was changed".into());
    }
    if signature.format != SIGNATURE_FORMAT || signature.algorithm != ED25519_NAME {
        return Some(format!("has the unknown format {} of {}", signature.format, signature.algorithm));
    }
    if let Some(key) = key.filter(|key| key.to_hex() != signature.public_key) {
        return Some(format!("is of the key {}, not of {}", signature.public_key, key.to_hex()));
    }
    let (Ok(key), Ok(bytes)) = (hex::decode(&signature.public_key), hex::decode(&signature.signature)) else {
        return Some("is no signature".into());
    };
    let is_valid = UnparsedPublicKey::new(&ED25519, key).verify(manifest, &bytes).is_ok();
    (!is_valid).then(|| "does not fit manifest.json: one of the two was changed".into())
}

fn read(path: &Path, what: &str) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|e| {
        Error::usage(format!("cannot read {what}")).at(path.display()).because(e).hint("check the path of the file")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        file
    }

    fn pair() -> (SigningKey, PublicKey) {
        let der = Ed25519KeyPair::generate_pkcs8(&ring::rand::SystemRandom::new()).unwrap();
        let key = SigningKey::read(file(der.as_ref()).path()).unwrap();
        let mut public = PUBLIC_KEY_PREFIX.to_vec();
        public.extend_from_slice(key.0.public_key().as_ref());
        let public = PublicKey::read(file(&public).path()).unwrap();
        (key, public)
    }

    #[test]
    fn keys_that_openssl_made_are_read() {
        let private = SigningKey::read(file(PRIVATE_PEM.as_bytes()).path()).unwrap();
        let public = PublicKey::read(file(PUBLIC_PEM.as_bytes()).path()).unwrap();
        let signature = private.sign(b"a manifest").unwrap();
        assert_eq!(fault(&signature, b"a manifest", Some(&public)), None);
    }

    #[test]
    fn a_signature_holds_for_one_manifest_and_one_key() {
        let (key, public) = pair();
        let signature = key.sign(b"a manifest").unwrap();
        assert_eq!(fault(&signature, b"a manifest", Some(&public)), None);
        assert_eq!(fault(&signature, b"a manifest", None), None);
        assert!(fault(&signature, b"another", Some(&public)).unwrap().contains("does not fit"));
        let (_, other) = pair();
        assert!(fault(&signature, b"a manifest", Some(&other)).unwrap().contains("not of"));
        assert!(fault(b"{", b"a manifest", None).is_some());
        let text = String::from_utf8(signature).unwrap();
        assert!(fault(text.replace("ed25519", "none").as_bytes(), b"a manifest", None).is_some());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_quoted() {
        let no_key = file(b"s3cret");
        for error in [SigningKey::read(no_key.path()).err().unwrap(), PublicKey::read(no_key.path()).err().unwrap()] {
            assert_eq!(error.kind(), crate::error::ErrorKind::Usage);
            assert!(!error.to_string().contains("s3cret") && error.advice().is_some(), "{error}");
        }
        assert!(SigningKey::read(Path::new("/nowhere/key.pem")).is_err());
    }

    // Made for this test with the commands above; they sign nothing else.
    const PRIVATE_PEM: &str = "\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINZssntOFopWjjl4vTd2YGPblGgcMqBLgTedJT2atEPh
-----END PRIVATE KEY-----
";
    const PUBLIC_PEM: &str = "\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAoviRru8AWC5nQ1Ee337P6hgov6NbwOsoIIwddP1R5Ro=
-----END PUBLIC KEY-----
";
}
