//! Introduces us to a server on a connection that stays unencrypted.

use mysql_common::auth::plugins::{AuthProc, ChallengeResponsePlugin, Context};
use mysql_common::constants::CapabilityFlags;
use mysql_common::io::ParseBuf;
use mysql_common::packets::{AuthPlugin, AuthSwitchRequest, HandshakePacket, HandshakeResponse};
use mysql_common::proto::MySerialize;

use super::super::trouble::Trouble;
use super::Lean;

/// Who wants to be let in, and where.
pub(in super::super) struct Login {
    pub user: String,
    pub password: String,
    pub database: String,
    /// Whether the session must be encrypted where the server can do so.
    pub prefers_tls: bool,
}

/// What we ask of the server. No more than one statement at a time (`CLIENT_MULTI_STATEMENTS`), so that a user's
/// condition cannot hold a second one; no `CLIENT_DEPRECATE_EOF`, so that results end in the same way everywhere.
const CAPABILITIES: CapabilityFlags = CapabilityFlags::CLIENT_PROTOCOL_41
    .union(CapabilityFlags::CLIENT_LONG_PASSWORD)
    .union(CapabilityFlags::CLIENT_LONG_FLAG)
    .union(CapabilityFlags::CLIENT_TRANSACTIONS)
    .union(CapabilityFlags::CLIENT_SECURE_CONNECTION)
    .union(CapabilityFlags::CLIENT_PLUGIN_AUTH)
    .union(CapabilityFlags::CLIENT_CONNECT_ATTRS);
/// As what administrators see us in `performance_schema.session_connect_attrs`.
const PROGRAM: (&str, &str) = ("program_name", "tieout");
/// The largest packet there is.
const PACKET_BYTES_MAX: u32 = 1 << 30;

const OK: u8 = 0x00;
const MORE: u8 = 0x01;
const SWITCH: u8 = 0xfe;

/// Answers the server's greeting and proves who we are. Every way of doing so that is not known here is an error.
pub(super) async fn log_in(lean: &mut Lean, login: &Login) -> Result<(), Trouble> {
    let greeting = lean.packet().await?;
    let greeting: HandshakePacket<'_> =
        ParseBuf(greeting).parse(()).map_err(|_| Trouble::garbled("the server's greeting"))?;
    if login.prefers_tls && greeting.capabilities().contains(CapabilityFlags::CLIENT_SSL) {
        return Err(Trouble::Driver("the server offers an encrypted session".into()));
    }
    let capabilities = CAPABILITIES & greeting.capabilities() | CapabilityFlags::CLIENT_PROTOCOL_41;
    let version = greeting.server_version_parsed().unwrap_or((5, 5, 5));
    let plugin = match greeting.auth_plugin() {
        Some(plugin @ (AuthPlugin::CachingSha2Password | AuthPlugin::MysqlNativePassword)) => plugin.into_owned(),
        // The server will ask for what it wants.
        _ => AuthPlugin::MysqlNativePassword,
    };
    let mut secret = Secret { password: login.password.as_bytes(), scramble: greeting.nonce() };
    let mut procedure = begin(&plugin)?;
    let proof = procedure.run(&secret, &secret.scramble).map_err(|e| Trouble::Driver(e.to_string()))?;
    let database = Some(login.database.as_bytes()).filter(|database| !database.is_empty());
    let response = HandshakeResponse::new(
        proof.data(),
        version,
        Some(login.user.as_bytes()),
        database,
        Some(plugin),
        capabilities,
        Some([(PROGRAM.0.to_owned(), PROGRAM.1.to_owned())].into()),
        PACKET_BYTES_MAX,
    );
    let mut packet = Vec::new();
    response.serialize(&mut packet);
    lean.send(&packet).await?;
    loop {
        let packet = lean.packet().await?;
        let answer = match packet.first() {
            Some(&OK) => return Ok(()),
            Some(&SWITCH) => {
                let switch: AuthSwitchRequest<'_> =
                    ParseBuf(packet).parse(()).map_err(|_| Trouble::garbled("the server's wish for a proof"))?;
                secret.scramble = switch.plugin_data().to_vec();
                procedure = begin(&switch.auth_plugin())?;
                procedure.run(&secret, &secret.scramble)
            }
            Some(&MORE) => procedure.run(&secret, &packet[1..]),
            _ => return Err(Trouble::garbled("the server's answer to a proof")),
        };
        let answer = answer.map_err(|e| Trouble::Driver(e.to_string()))?;
        if let Some(data) = answer.data() {
            lean.send(data).await?;
        }
    }
}

/// Only procedures that never send the password readable.
fn begin(plugin: &AuthPlugin<'_>) -> Result<AuthProc, Trouble> {
    match plugin {
        AuthPlugin::CachingSha2Password | AuthPlugin::MysqlNativePassword => {
            plugin.init().map_err(|e| Trouble::Driver(e.to_string()))
        }
        other => {
            let name = String::from_utf8_lossy(other.as_bytes()).into_owned();
            Err(Trouble::Driver(format!("the server asks for {name}")))
        }
    }
}

/// What a procedure works with.
struct Secret<'a> {
    password: &'a [u8],
    scramble: Vec<u8>,
}

impl Context for &Secret<'_> {
    fn pass(&self) -> &[u8] {
        self.password
    }

    fn is_ipc_transport(&self) -> bool {
        false
    }

    fn is_tls_transport(&self) -> bool {
        false
    }

    fn scramble(&self) -> &[u8] {
        &self.scramble
    }

    fn server_key_pem(&self) -> Option<&[u8]> {
        None
    }
}
