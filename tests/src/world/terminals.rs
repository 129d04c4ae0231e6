//! Terminals of a city, with their certificates, and the people who sign in on them.

use model::{Author, Cause, DeviceId, Office, SerialNumber, Timestamp, UserId};
use registry::{Command, PasswordCheck};
use zeroize::Zeroizing;

use super::{CARE, Http, Keys, PASSWORD, Terminal, Tls, World, city};

impl World {
    /// The keys of a device: its certificate issued and recorded, at first use.
    pub(crate) fn keys(&self, device: &str) -> Keys {
        let id = DeviceId::new(device).unwrap();
        let (issued, keys) = self.authority.sign(&id, self.now(), 180);
        self.record(&id, &issued);
        self.serials.lock().unwrap().insert(device.to_owned(), issued.serial());
        keys
    }

    /// The same in a container for a browser.
    pub(crate) fn container(&self, device: &str) -> Vec<u8> {
        let id = DeviceId::new(device).unwrap();
        let (issued, container) = self.authority.container(&id, self.now());
        self.record(&id, &issued);
        self.serials.lock().unwrap().insert(device.to_owned(), issued.serial());
        container
    }

    /// Records a signed certificate, now.
    pub(crate) fn record(&self, device: &DeviceId, issued: &ca::Issued) {
        self.record_at(device, issued, self.now());
    }

    /// Records a signed certificate, at an earlier time than anything else since the city was entered.
    pub(crate) fn record_at(&self, device: &DeviceId, issued: &ca::Issued, at: Timestamp) {
        let clerk = |command| self.registry.execute(command, city::clerk(), at).unwrap();
        clerk(Command::ReserveCertificate {
            serial: issued.serial(),
            device: device.clone(),
            not_before: issued.not_before(),
            not_after: issued.not_after().plus_seconds(1),
            assurance: model::Assurance::Software,
            key: issued.public_key().digest(),
        });
        let mut fingerprint = [0; 32];
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, issued.der());
        fingerprint.copy_from_slice(digest.as_ref());
        clerk(Command::RecordIssued { serial: issued.serial(), fingerprint });
    }

    /// Serial number of the certificate last issued to a device.
    pub(crate) fn serial(&self, device: &str) -> SerialNumber {
        self.serials.lock().unwrap()[device]
    }

    /// A device on the care host, with a certificate of its own.
    pub(crate) fn terminal(&self, device: &str) -> Terminal {
        self.terminal_with(&self.keys(device))
    }

    pub(crate) fn terminal_with(&self, keys: &Keys) -> Terminal {
        Terminal::new(self.address, CARE, &self.authority.root_der(), Some(keys))
    }

    pub(crate) fn terminal_speaking(&self, keys: &Keys, http: Http, tls: Tls) -> Terminal {
        Terminal::speaking(self.address, CARE, &self.authority.root_der(), Some(keys), http, tls)
    }

    /// Somebody on a host, without a certificate.
    pub(crate) fn stranger(&self, host: &str) -> Terminal {
        Terminal::new(self.address, host, &self.authority.root_der(), None)
    }

    /// The first password of a user ID, from the slip.
    pub(crate) fn first_password(&self, user_id: &str) -> String {
        self.passwords.lock().unwrap()[&UserId::new(user_id).unwrap()].clone()
    }

    /// The password of a user ID, who has changed the first one to [`PASSWORD`].
    pub(crate) fn changed_password(&self, user_id: &str) -> &'static str {
        let id = UserId::new(user_id).unwrap();
        let mut passwords = self.passwords.lock().unwrap();
        let current = passwords.get(&id).cloned().unwrap();
        if current != PASSWORD {
            let PasswordCheck::Right { verified, .. } = self.registry.verify_password(&id, &current) else {
                panic!("the first password of {user_id} is not right");
            };
            let command = Command::ChangePassword { current: verified, new: Zeroizing::new(PASSWORD.to_owned()) };
            self.registry.execute(command, Author::new(Office::User, user_id), self.now()).unwrap();
            passwords.insert(id, PASSWORD.to_owned());
        }
        PASSWORD
    }

    /// One more nurse at the nursing station, on the care teams of these persons; her user ID.
    #[allow(dead_code, reason = "for the measuring tools, which share this city")]
    pub(crate) fn another_nurse(&self, name: &str, persons: &[&str]) -> String {
        let (user, user_id): (model::UserKey, String) = (format!("K-{name}").parse().unwrap(), format!("U-{name}"));
        self.clerk(Command::RegisterUser { user: user.clone(), name: name.to_owned() });
        let granted = self.clerk(Command::GrantUserId {
            user_id: UserId::new(&user_id).unwrap(),
            user: user.clone(),
            facility: "F-nursing".parse().unwrap(),
            profession: model::Profession::Nurse,
            recognised_by: None,
        });
        self.passwords.lock().unwrap().insert(UserId::new(&user_id).unwrap(), city::first_password(&granted));
        for person in persons {
            self.clerk(Command::JoinTeam {
                person: person.parse().unwrap(),
                user: user.clone(),
                role: model::TeamRole::Member,
                facility: None,
                from: self.now(),
                until: None,
            });
        }
        user_id
    }

    /// A terminal and a session on it.
    pub(crate) async fn signed_in(&self, user_id: &str, device: &str) -> (Terminal, String) {
        let terminal = self.terminal(device);
        let cookie = self.cookie(&terminal, user_id).await;
        (terminal, cookie)
    }

    /// A session on a terminal.
    pub(crate) async fn cookie(&self, terminal: &Terminal, user_id: &str) -> String {
        let password = self.changed_password(user_id);
        terminal.sign_in(user_id, password).await.unwrap_or_else(|reply| panic!("no session: {}", reply.text()))
    }

    pub(crate) fn revoke(&self, device: &str) {
        self.officer(Command::RevokeCertificate { serial: self.serial(device), because: Cause::Stolen });
    }
}
