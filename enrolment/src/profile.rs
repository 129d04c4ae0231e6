//! A configuration profile for Apple's systems (`.mobileconfig`): the city's root, and where the terminal gets a certificate for
//! a key of its own hardware, by ACME. The code stands in the directory's address, so the profile is as good as the code: once.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ca::{Random, Refused, Root, SystemRandom};
use model::DeviceId;

/// What the profile says.
pub struct Profile<'a> {
    /// For which terminal.
    pub device: &'a DeviceId,
    /// The directory that is the terminal's own.
    pub directory: &'a str,
    /// The city's root.
    pub root: &'a Root,
}

impl Profile<'_> {
    /// Writes it, unsigned.
    ///
    /// # Errors
    /// The random source failed.
    pub fn write(&self) -> Result<Vec<u8>, Refused> {
        let device = self.device.as_str();
        let acme = [
            ("PayloadType", string("com.apple.security.acme")),
            ("PayloadVersion", integer(1)),
            ("PayloadIdentifier", string(&format!("sekisho.acme.{device}"))),
            ("PayloadUUID", string(&uuid()?)),
            ("PayloadDisplayName", string("端末の証明書 / Device certificate")),
            ("DirectoryURL", string(self.directory)),
            ("ClientIdentifier", string(device)),
            // The Secure Enclave holds keys on these curves only.
            ("KeyType", string("ECSECPrimeRandom")),
            ("KeySize", integer(256)),
            ("HardwareBound", flag(true)),
            ("Attest", flag(true)),
            ("Subject", format!("<array><array><array>{}{}</array></array></array>", string("CN"), string(device))),
            ("UsageFlags", integer(1)),
            ("ExtendedKeyUsage", format!("<array>{}</array>", string("1.3.6.1.5.5.7.3.2"))),
        ];
        let root = [
            ("PayloadType", string("com.apple.security.root")),
            ("PayloadVersion", integer(1)),
            ("PayloadIdentifier", string(&format!("sekisho.root.{device}"))),
            ("PayloadUUID", string(&uuid()?)),
            ("PayloadDisplayName", string(self.root.common_name())),
            ("PayloadContent", format!("<data>{}</data>", STANDARD.encode(self.root.der()))),
        ];
        let whole = [
            ("PayloadType", string("Configuration")),
            ("PayloadVersion", integer(1)),
            ("PayloadIdentifier", string(&format!("sekisho.{device}"))),
            ("PayloadUUID", string(&uuid()?)),
            ("PayloadDisplayName", string(&format!("在宅医療・介護連携 {device}"))),
            ("PayloadRemovalDisallowed", flag(false)),
            ("PayloadContent", format!("<array>{}{}</array>", dictionary(&root), dictionary(&acme))),
        ];
        let mut text = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
             \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">",
        );
        text.push_str(&dictionary(&whole));
        text.push_str("</plist>\n");
        Ok(text.into_bytes())
    }
}

fn dictionary(members: &[(&str, String)]) -> String {
    let inner = members.iter().fold(String::new(), |mut text, (key, value)| {
        let _ = write!(text, "<key>{key}</key>{value}");
        text
    });
    format!("<dict>{inner}</dict>")
}

fn string(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<string>{escaped}</string>")
}

fn integer(number: u32) -> String {
    format!("<integer>{number}</integer>")
}

fn flag(flag: bool) -> String {
    if flag { "<true/>" } else { "<false/>" }.to_owned()
}

/// RFC 9562 5.4: random but for version and variant.
fn uuid() -> Result<String, Refused> {
    let mut octets = [0_u8; 16];
    SystemRandom::new().fill(&mut octets)?;
    let number = u128::from_be_bytes(octets);
    let number = number & !(0xf << 76) | 4 << 76;
    let number = number & !(0b11 << 62) | 0b10 << 62;
    let digits = format!("{number:032X}");
    let (a, rest) = digits.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    Ok(format!("{a}-{b}-{c}-{d}-{e}"))
}
