//! Real servers take what a node tells: OpenSMTPD, also by way of msmtp, ntfy, and Prometheus' Alertmanager.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use aegis::lab::testbed::Host;
use serde_json::{Value, json};

use crate::support::{
    AEGIS,
    debian13::Debian13,
    host::Running,
    shell::{Said, must, run},
    until,
    world::{How, World, cli},
};

const HOSTS: [(&str, u8); 2] = [("a", 11), ("servers", 12)];

/// What is told of in these tests: somebody reports an address that is allowed.
const ALLOWED: &str = "203.0.113.7";
const TITLE: &str = "203.0.113.7 was reported, and must not be blocked";

/// Starts a node that notifies so, and has it tell.
async fn tell(world: &World, notify: &str) -> aegis::lab::node::LabNode {
    let config = format!("[logs]\nenabled = false\n[p2p]\nenabled = false\n[notify]\n{notify}");
    let how = How {
        config: &config,
        flags: &["--observe"],
        ..How::default()
    };
    let node = world.start("a", how).await;
    assert_eq!(cli(&node, &format!("allow {ALLOWED}")).code, Some(0));
    let reported = cli(
        &node,
        &format!("report {ALLOWED} brute_force --source honeypot"),
    );
    assert_eq!(reported.code, Some(1), "{reported:?}");
    node
}

/// Has each way tried once, without a daemon.
fn tried(world: &World, notify: &str) -> Said {
    let file = world.dir().join("tried.toml");
    fs::write(&file, format!("[notify]\n{notify}")).unwrap();
    let mut command = world.host("a").command(AEGIS);
    run(command.args(["notify", "test", "--config"]).arg(&file))
}

fn secret(file: &Path, text: &str) {
    fs::write(file, text).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn netns_a_mail_server_takes_letters_and_a_mail_program_reads_them_as_they_were_meant() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let Some(debian) = Debian13::unpacked() else {
        return;
    };
    let _server = mail_server(&world, &debian).await;
    let mail = |to: &str| {
        format!(
            "mail_from = \"aegis@web.example\"\nmail_to = [\"{to}\"]\nsmtp = \"10.77.0.12:25\"\n"
        )
    };
    let _node = tell(&world, &mail(OPERATOR)).await;
    let letter = letter(&world, "was reported").await;
    let subject = letter["Subject"].as_str().unwrap();
    assert!(
        subject.starts_with('[') && subject.ends_with(&format!("] {TITLE}")),
        "{letter}"
    );
    assert_eq!(
        (&letter["From"], &letter["To"]),
        (&json!("aegis@web.example"), &json!(OPERATOR))
    );
    let body = letter["body"].as_str().unwrap();
    assert!(body.starts_with("203.0.113.7 was reported by "), "{letter}");
    assert!(body.contains("It is not blocked: "), "{letter}");
    // The server had nothing to add, and the program that read it nothing to complain of.
    for header in ["Date", "Message-ID", "MIME-Version"] {
        assert_eq!(letter["counts"][header], 1, "{letter}");
    }
    assert_eq!(letter["defects"], json!([]), "{letter}");
    let one_of_two = tried(
        &world,
        &mail(&format!("nobody@example.org\", \"{OPERATOR}")),
    );
    assert_eq!(one_of_two.code, Some(0), "{one_of_two:?}");
    assert!(
        one_of_two.out.contains("not for everybody: 550 "),
        "{one_of_two:?}"
    );
    let unknown = tried(&world, &mail("nobody@example.org"));
    assert_eq!(unknown.code, Some(1), "{unknown:?}");
    assert!(unknown.out.contains("10.77.0.12:25: 550 "), "{unknown:?}");
}

#[tokio::test]
async fn netns_msmtp_hands_letters_to_a_server_that_wants_tls_and_a_password() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let Some(debian) = Debian13::unpacked() else {
        return;
    };
    let _server = mail_server(&world, &debian).await;
    let mail = |password: &str, to: &str| {
        let config = world.dir().join(format!("msmtprc-{password}"));
        let text = format!(
            "account default\nhost 10.77.0.12\nport 465\ntls on\ntls_starttls off\n\
             tls_trust_file {}\nauth plain\nuser node\npassword {password}\n",
            world.dir().join("cert.pem").display()
        );
        secret(&config, &text);
        let program = world.dir().join(format!("sendmail-{password}"));
        let loaded = debian.loaded("msmtp");
        let text = format!("#!/bin/sh\nexec {loaded} -C {} \"$@\"\n", config.display());
        fs::write(&program, text).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        format!("mail_from = \"aegis@web.example\"\nmail_to = [\"{to}\"]\nsendmail = {program:?}\n")
    };
    let _node = tell(&world, &mail("secret", OPERATOR)).await;
    let letter = letter(&world, "was reported").await;
    assert!(
        letter["Subject"].as_str().unwrap().ends_with(TITLE),
        "{letter}"
    );
    assert!(
        letter["Received"]
            .as_str()
            .unwrap()
            .contains("with ESMTPSA"),
        "{letter}"
    );
    for (password, to, why) in [
        ("wrong", OPERATOR, "authentication failed"),
        ("secret", "nobody@example.org", "550 Invalid recipient"),
    ] {
        let refused = tried(&world, &mail(password, to));
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.out.contains(why), "{refused:?}");
        assert!(
            !refused.out.contains(&format!("password {password}")),
            "{refused:?}"
        );
    }
}

const OPERATOR: &str = "operator@example.org";

/// What OpenSMTPD wants to know of users: those that it runs as, and whose mail it keeps.
const USERS: &str = "root:x:0:0::/root:/bin/sh\nopensmtpd:x:901:901::/var/lib/opensmtpd/empty:/bin/false\n\
    opensmtpq:x:902:902::/var/lib/opensmtpd/empty:/bin/false\noperator:x:903:903::/var/mail:/bin/false\n";
const GROUPS: &str = "root:x:0:\nopensmtpd:x:901:\nopensmtpq:x:902:\noperator:x:903:\n";

/// What `crypt` makes of the password `secret` (SHA-512, the salt `aegis`).
const HASH: &str = "$6$aegis$bFrUIlaQWpreCH6jE9a2zeTaHvNhYHg4h2SkKD/b/w7J/5QoalcKw.n2ku.44usQ1Z5jQKjhSKI0tBAmUpWbH.";

/// Starts OpenSMTPD: port 25 for everybody, port 465 with TLS for who has the password.
async fn mail_server(world: &World, debian: &Debian13) -> Running {
    let (host, dir) = (world.host("servers"), world.dir());
    let shown = dir.display();
    let request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail.example \
                   -addext subjectAltName=IP:10.77.0.12 -config /dev/null";
    let mut openssl = debian.command(host, dir, "openssl");
    openssl.args(request.split_whitespace()).current_dir(dir);
    openssl
        .arg("-keyout")
        .arg(dir.join("key.pem"))
        .arg("-out")
        .arg(dir.join("cert.pem"));
    must(&mut openssl);
    let etc = dir.join("etc");
    fs::create_dir_all(etc.join("ssl/certs")).unwrap();
    fs::copy(
        dir.join("cert.pem"),
        etc.join("ssl/certs/ca-certificates.crt"),
    )
    .unwrap();
    fs::write(etc.join("passwd"), USERS).unwrap();
    fs::write(etc.join("group"), GROUPS).unwrap();
    let letters = dir.join("letters");
    fs::create_dir(&letters).unwrap();
    fs::set_permissions(&letters, fs::Permissions::from_mode(0o777)).unwrap();
    fs::set_permissions(dir, fs::Permissions::from_mode(0o711)).unwrap();
    let config = format!(
        "pki mail cert \"{shown}/cert.pem\"\npki mail key \"{shown}/key.pem\"\n\
         table passwords {{ node = \"{HASH}\" }}\nlisten on 10.77.0.12 port 25\n\
         listen on 10.77.0.12 port 465 smtps pki mail auth <passwords>\n\
         action keep maildir \"{shown}/letters\"\nmatch from any for domain example.org action keep\n"
    );
    fs::write(dir.join("smtpd.conf"), config).unwrap();
    let mut command = debian.command(host, dir, "smtpd");
    command.args(["-d", "-f"]).arg(dir.join("smtpd.conf"));
    started(
        world,
        command,
        "smtpd",
        &["10.77.0.12:25", "10.77.0.12:465"],
    )
    .await
}

/// Starts a server, and waits until it is there at all of `doors`.
async fn started(world: &World, mut command: Command, name: &str, doors: &[&str]) -> Running {
    let log = fs::File::create(world.dir().join(format!("{name}.log"))).unwrap();
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    let server = Running(command.spawn().unwrap());
    for door in doors {
        let (address, port) = door.rsplit_once(':').unwrap();
        let knock = format!("exec 3<>/dev/tcp/{address}/{port}");
        until(&format!("{name} is there"), async || {
            let said = run(world.host("servers").command("bash").args(["-c", &knock]));
            (said.code == Some(0)).then_some(())
        })
        .await;
    }
    server
}

/// Waits for a letter with these words in its subject; returns it as Python's parser of mail reads it.
async fn letter(world: &World, words: &str) -> Value {
    const READ: &str = "import email.policy, json, sys\n\
        letter = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)\n\
        told = {name: str(value) for name, value in letter.items()}\n\
        told['counts'] = {name: len(letter.get_all(name)) for name in letter.keys()}\n\
        told['body'] = letter.get_content()\n\
        told['defects'] = [repr(it) for it in letter.defects]\n\
        print(json.dumps(told))\n";
    let letters = world.dir().join("letters/new");
    until(words, async || {
        let files = fs::read_dir(&letters).ok()?.flatten();
        let mut read = files.map(|it| {
            let mut python = Command::new("python3");
            must(python.args(["-c", READ]).arg(it.path()))
        });
        read.find_map(|it| {
            let letter: Value = serde_json::from_str(&it).unwrap();
            letter["Subject"]
                .as_str()?
                .contains(words)
                .then_some(letter)
        })
    })
    .await
}

#[tokio::test]
async fn netns_an_ntfy_server_shows_what_is_told_to_whoever_follows_the_topic() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let Some(debian) = Debian13::unpacked() else {
        return;
    };
    let (host, dir) = (world.host("servers"), world.dir());
    let database = dir.join("ntfy.db");
    let administer = |words: &[&str]| {
        let mut command = debian.command(host, dir, "ntfy");
        command
            .args(&words[..1])
            .arg("--auth-file")
            .arg(&database)
            .args(&words[1..]);
        let said = run(command.env("NTFY_PASSWORD", "unused"));
        assert_eq!(said.code, Some(0), "{said:?}");
        said.out + &said.err
    };
    let door = "10.77.0.12:2586";
    let mut server = debian.command(host, dir, "ntfy");
    server.args([
        "serve",
        "--listen-http",
        door,
        "--auth-default-access",
        "deny-all",
    ]);
    server.arg("--auth-file").arg(&database);
    let _server = started(&world, server, "ntfy", &[door]).await;
    administer(&["user", "add", "node"]);
    administer(&["access", "node", "alerts", "rw"]);
    let given = administer(&["token", "add", "node"]);
    let token = given
        .split_whitespace()
        .find(|it| it.starts_with("tk_"))
        .unwrap();
    let key = dir.join("ntfy.key");
    let notify = |token: &str, topic: &str| {
        secret(&key, &format!("{token}\n"));
        format!("ntfy = \"http://{door}/{topic}\"\nntfy_key_file = {key:?}\n")
    };
    for (token, topic, said) in [
        (
            "tk_00000000000000000000000000000",
            "alerts",
            "ntfy: not sent: status 401",
        ),
        (token, "others", "ntfy: not sent: status 403"),
    ] {
        let refused = tried(&world, &notify(token, topic));
        assert_eq!(
            (refused.code, refused.out.trim()),
            (Some(1), said),
            "{refused:?}"
        );
    }
    let _node = tell(&world, &notify(token, "alerts")).await;
    let place = format!("http://{door}/alerts/json?poll=1");
    let told = until("it is told", async || {
        let lines = fetched(host, &place, &format!("Bearer {token}"))?;
        let mut events = lines
            .lines()
            .map(|it| serde_json::from_str::<Value>(it).unwrap());
        events.find(|it| it["event"] == "message")
    })
    .await;
    check_shown(&told);
}

/// Checks what an ntfy server shows.
fn check_shown(told: &Value) {
    assert!(told["title"].as_str().unwrap().ends_with(TITLE), "{told}");
    assert!(
        told["message"]
            .as_str()
            .unwrap()
            .starts_with("203.0.113.7 was reported by"),
        "{told}"
    );
    assert_eq!(
        (&told["priority"], &told["tags"]),
        (&json!(5), &json!(["urgent"])),
        "{told}"
    );
}

#[tokio::test]
async fn netns_a_template_makes_what_prometheus_alertmanager_takes() {
    let Some(world) = World::new(&HOSTS) else {
        return;
    };
    let Some(debian) = Debian13::unpacked() else {
        return;
    };
    let (host, dir) = (world.host("servers"), world.dir());
    let config = dir.join("alertmanager.yml");
    fs::write(
        &config,
        "route:\n  receiver: nobody\nreceivers:\n- name: nobody\n",
    )
    .unwrap();
    let door = "10.77.0.12:9093";
    let mut server = debian.command(host, dir, "prometheus-alertmanager");
    server.arg(format!("--config.file={}", config.display()));
    server.args(["--storage.path=/tmp", "--cluster.listen-address="]);
    server.arg(format!("--web.listen-address={door}"));
    let _server = started(&world, server, "alertmanager", &[door]).await;
    let place = format!("http://{door}/api/v2/alerts");
    let template = r#"[{"labels": {"alertname": "aegis_{{subject}}", "host": "{{host}}", "urgency": "{{urgency}}"}, "annotations": {"summary": "{{title}}", "description": "{{text}}"}, "startsAt": "{{at}}"}]"#;
    let _node = tell(
        &world,
        &format!("webhook = \"{place}\"\nwebhook_template = '{template}'\n"),
    )
    .await;
    let alert = until("it is told", async || {
        let alerts: Vec<Value> = serde_json::from_str(&fetched(host, &place, "")?).ok()?;
        alerts.into_iter().next()
    })
    .await;
    assert_eq!(alert["labels"]["alertname"], "aegis_allowlist", "{alert}");
    assert_eq!(alert["annotations"]["summary"], TITLE, "{alert}");
    let text = alert["annotations"]["description"].as_str().unwrap();
    assert!(text.starts_with("203.0.113.7 was reported by"), "{alert}");
    let refused = tried(&world, &format!("webhook = \"{place}\"\n")); // not what it takes
    assert_eq!(
        (refused.code, refused.out.trim()),
        (Some(1), "webhook: not sent: status 400")
    );
}

/// Gets what is at a place, as far as there is something.
fn fetched(host: &Host, place: &str, key: &str) -> Option<String> {
    const GET: &str = "import sys, urllib.request\n\
        wanted = urllib.request.Request(sys.argv[1], headers={'Authorization': sys.argv[2]})\n\
        print(urllib.request.urlopen(wanted, timeout=5).read().decode())\n";
    let said = run(host.command("python3").args(["-c", GET, place, key]));
    (said.code == Some(0)).then_some(said.out)
}
