//! `device policies`: files for those who look after terminals. With them no browser asks which certificate it is to show;
//! Chrome and Edge show it to the gateway only, Firefox to whoever asks for one of its issuer.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Desk;
use crate::authority;
use crate::ceremony::city;
use crate::cli::device::DevicePolicies;
use crate::error::Error;
use crate::folder;

pub(super) fn write(desk: &Desk, verb: &DevicePolicies) -> Result<(), Error> {
    let root = authority::root(authority::settings(&desk.settings)?)?;
    let policies = Policies { host: desk.settings.hosts.care.clone(), city: city(&root)? };
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("chromium-linux.json", pretty(&policies.chromium()).into_bytes()),
        ("chrome-windows.reg", utf_16(&policies.registry(r"Google\Chrome"))),
        ("edge-windows.reg", utf_16(&policies.registry(r"Microsoft\Edge"))),
        ("chrome-macos.plist", policies.plist().into_bytes()),
        ("firefox-policies.json", pretty(&policies.firefox()).into_bytes()),
        ("root.pem", root.pem().to_owned().into_bytes()),
        ("README.md", policies.read_me().into_bytes()),
    ];
    folder::make(&verb.out)?;
    let mut written: Vec<PathBuf> = Vec::new();
    for (name, text) in files {
        let path = verb.out.join(name);
        folder::write_new(&path, &text)?;
        written.push(path);
    }
    let names: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    let read_me = verb.out.join("README.md");
    desk.say(
        format_args!("{} files are in {}; begin with {}", names.len(), verb.out.display(), read_me.display()),
        &json!({ "files": names }),
    )
}

struct Policies {
    host: String,
    city: String,
}

impl Policies {
    /// By the organisation of the issuer, which stays the same when the next authority issues. Any port: the door for renewal is
    /// the same host.
    fn auto_select(&self) -> String {
        json!({ "pattern": format!("https://{}", self.host), "filter": { "ISSUER": { "O": self.city } } }).to_string()
    }

    /// Chrome, Chromium and Edge on Linux.
    fn chromium(&self) -> Value {
        json!({ "AutoSelectCertificateForUrls": [self.auto_select()] })
    }

    /// The same in the Windows registry.
    fn registry(&self, product: &str) -> String {
        let value = self.auto_select().replace('\\', r"\\").replace('"', "\\\"");
        format!(
            "Windows Registry Editor Version 5.00\r\n\r\n\
             [HKEY_LOCAL_MACHINE\\SOFTWARE\\Policies\\{product}\\AutoSelectCertificateForUrls]\r\n\"1\"=\"{value}\"\r\n"
        )
    }

    /// Chrome on macOS, as a payload `com.google.Chrome`.
    fn plist(&self) -> String {
        let value = self.auto_select().replace('&', "&amp;").replace('<', "&lt;");
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">\n<dict>\n  \
             <key>AutoSelectCertificateForUrls</key>\n  <array>\n    <string>{value}</string>\n  </array>\n</dict>\n</plist>\n"
        )
    }

    /// Firefox takes the one certificate that fits what the server asks for; the gateway asks for its own authority's only.
    fn firefox(&self) -> Value {
        json!({ "policies": {
            "Certificates": { "ImportEnterpriseRoots": true, "Install": ["root.pem"] },
            "Preferences": { "security.default_personal_cert": { "Value": "Select Automatically", "Status": "locked" } },
        } })
    }

    fn read_me(&self) -> String {
        READ_ME.replace("{host}", &self.host).replace("{city}", &self.city).replace("{select}", &self.auto_select())
    }
}

/// As regedit reads names that are not ASCII: UTF-16 with a mark in front.
fn utf_16(text: &str) -> Vec<u8> {
    std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Where each file goes.
const READ_ME: &str = include_str!("policies.md");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_by_whom_it_is_for() {
        let policies = Policies { host: "care.example.jp".to_owned(), city: "水花道市 \"A\" & B\\C".to_owned() };
        let select: Value = serde_json::from_str(&policies.auto_select()).unwrap();
        assert_eq!(select["filter"]["ISSUER"]["O"], policies.city);
        let chromium = policies.chromium();
        let inner = chromium["AutoSelectCertificateForUrls"][0].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(inner).unwrap(), select);
        // As the registry unescapes it.
        let line = policies.registry(r"Google\Chrome").lines().last().unwrap().to_owned();
        let value = line.strip_prefix("\"1\"=\"").unwrap().strip_suffix('"').unwrap();
        let value = value.replace("\\\"", "\"").replace(r"\\", r"\");
        assert_eq!(serde_json::from_str::<Value>(&value).unwrap(), select);
        assert!(policies.plist().contains("&amp; B"));
        assert!(!policies.read_me().contains("{host}") && policies.read_me().contains("care.example.jp"));
    }
}
