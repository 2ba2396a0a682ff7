//! The corpus: realistic secrets of which none survives, and harmless text that stays whole.

use super::*;

/// Command lines (words separated by `\0`) and their secrets.
const ARGUMENTS: &[(&str, &[&str])] = &[
    ("redis-server\0--requirepass\0hunter2Redis", &["hunter2Redis"]),
    ("redis-cli\0-a\0S3cr3tA\0ping", &["S3cr3tA"]),
    ("redis-cli\0-h\0db1\0auth\0S3cr3tB", &["S3cr3tB"]),
    ("mysql\0-uroot\0-pTopSecret1\0shop", &["TopSecret1"]),
    ("mysqldump\0--user=root\0--password=a b;c&d\0--all", &["a b;c&d", "b;c", "c&d"]),
    ("mysqladmin\0-u\0root\0password\0NewPw99", &["NewPw99"]),
    ("sudo\0mysql\0-pviaSudo\0x", &["viaSudo"]),
    ("curl\0-u\0alice:wonder:land\0https://api.example.com/", &["wonder", "land"]),
    ("curl\0--user=alice:wonderland\0https://x/", &["wonderland"]),
    ("curl\0-ubob:4711\0https://x/", &["4711"]),
    ("curl\0-H\0Authorization: Bearer abc.def.ghi123\0https://x/", &["abc.def.ghi123"]),
    ("curl\0-H\0X-Api-Key: 0123456789abcdef\0https://x/", &["0123456789abcdef"]),
    ("curl\0https://x/cb?user=a&access_token=tok-777&lang=en", &["tok-777"]),
    ("app\0--token\0tkn_5f2b", &["tkn_5f2b"]),
    ("app\0--api-key=K3Y-value\0--listen=:80", &["K3Y-value"]),
    ("celery\0worker\0-b\0amqp://guest:gu3stpw@mq1:5672//", &["gu3stpw"]),
    ("app\0redis://:redispw1@cache:6379/0", &["redispw1"]),
    ("app\0postgres://app:p/w0rd@db/shop", &["p/w0rd", "w0rd"]),
    ("java\0-Dspring.datasource.password=jpw;1\0-Xmx4g\0-jar\0a.jar", &["jpw;1"]),
    (
        "java\0-Durl=jdbc:mysql://db:3306/shop?user=shop&password=dbpw9&connectTimeout=3000",
        &["dbpw9"],
    ),
    ("java\0jdbc:sqlserver://h;user=sa;password=Sq1P;encrypt=true", &["Sq1P"]),
    ("app\0--dsn\0root:go5ecret@tcp(127.0.0.1:3306)/db", &["go5ecret"]),
    ("sshpass\0-p\0sshpw1\0ssh\0host", &["sshpw1"]),
    ("sshpass\0-psshpw2\0ssh\0host", &["sshpw2"]),
    ("mongosh\0-u\0admin\0-p\0m0ngo\0--host\0db", &["m0ngo"]),
    ("ldapsearch\0-x\0-D\0cn=admin\0-w\0ldappw", &["ldappw"]),
    ("smbclient\0//srv/x\0-U\0bob%smbpw", &["smbpw"]),
    ("rabbitmqctl\0add_user\0shop\0rabbitpw", &["rabbitpw"]),
    ("beam.smp\0-setcookie\0ERLCOOKIE1", &["ERLCOOKIE1"]),
    ("sh\0-c\0mysql -pinner1 -e 'select 1'; PGPASSWORD=inner2 psql", &["inner1", "inner2"]),
    ("sh\0-c\0app --password 'two words' run", &["two words", "words"]),
    ("docker\0run\0-e\0MYSQL_ROOT_PASSWORD=rootpw;x\0mysql", &["rootpw;x", ";x"]),
    ("docker\0run\0--env=DB_PASSWORD=rootpw;x\0mysql", &["rootpw;x", ";x"]),
    ("app\0{\"user\":\"a\",\"password\":\"js\\\"on1\",\"port\":1}", &["js\\\"on1", "on1"]),
    ("git\0clone\0https://ghp_0123456789abcdefABCDEF0123456789abcd@github.com/a/b", &["ghp_"]),
    ("aws\0configure\0set\0aws_secret_access_key\0wJalrXUtnFEMI", &["wJalrXUtnFEMI"]),
    ("tailscale\0up\0--authkey=tskey-abc", &["tskey-abc"]),
    ("app\0-pS3cretX1", &["S3cretX1"]),
    ("openssl\0rsa\0-passin\0pass:pempw", &["pempw"]),
];

/// Lines of text and their secrets.
const LINES: &[(&str, &[&str])] = &[
    ("BOOT_IMAGE=/vmlinuz root=/dev/sda1 luks.passphrase=bootpw quiet", &["bootpw"]),
    ("ro ks=http://inst:kspw@10.0.0.1/ks.cfg rd.iscsi.password=chap1 ip=dhcp", &["kspw", "chap1"]),
    ("netroot=iscsi:user:iscsipw@10.0.0.1::3260::iqn.2001", &["iscsipw"]),
    ("systemd.set_credential=passwd.hashed-password.root:$6$salt", &["$6$salt"]),
    ("requirepass=foobared", &["foobared"]),
    ("proxy_set_header Authorization \"Basic dXNlcjpwYXNz\";", &["dXNlcjpwYXNz"]),
    ("proxy_set_header Authorization \"my own words\";", &["my own words", "words"]),
    ("sudo: bob : COMMAND=/usr/bin/mysql -uroot -plogged1", &["logged1"]),
    ("app[12]: password: correct horse battery", &["correct", "horse", "battery"]),
    ("app[12]: {\\\"token\\\":\\\"esc4ped\\\",\\\"a\\\":1}", &["esc4ped"]),
    ("cb=https%3A%2F%2Fx%2F&client_secret%3Durlenc0ded", &["urlenc0ded"]),
    ("got Bearer 0a1b2c3d4e5f from peer", &["0a1b2c3d4e5f"]),
    ("key eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.s5Zx1QabcdEFGH", &["eyJ"]),
    ("DefaultEndpointsProtocol=https;AccountKey=azur3+/==;EndpointSuffix=x", &["azur3"]),
    ("wpa_psk = wlanpw1", &["wlanpw1"]),
    (
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----\nnext",
        &["MIIEow", "IBAAK"],
    ),
    ("stats_auth=admin:hapw", &["hapw"]),
];

/// Command lines that stay as they are.
const HARMLESS_ARGUMENTS: &[&str] = &[
    "git\0log\0--author\0alice",
    "/usr/sbin/passenger\0start\0--port\x003000",
    "app\0tokenizer=bert\0monkey=banana\0--tokenizer\0gpt",
    "/usr/bin/passwd\0root",
    "docker\0run\0-u\x001000:1000\0-p8080:80/tcp\0nginx",
    "docker\0run\0-p\x00127.0.0.1:80:80\0x",
    "ssh\0-p2222\0host",
    "iptables\0-p\0tcp\0--dport\x0022",
    "find\0/\0-path\0/proc\0-prune\0-o\0-print",
    "nginx: worker process",
    "postgres: shop app 10.0.0.7(53211) idle",
    "java\0-Xmx4g\0-XX:+UseG1GC\0-Djava.security.auth.login.config=/etc/jaas.conf\0-jar\0a.jar",
    "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups",
    "llm\0--max-tokens=4096\0--bypass=cache\0--passive",
    "app\0--password-file=/run/secrets/db\0--no-password\0--verbose",
    "app\0--private-key=/etc/ssl/key.pem\0--password-stdin\0--x",
    "redis-server *:6379",
    "rsync\0-a\0host:/srv/\0/srv/",
    "app\0http://10.0.0.1:8080/path?x=1&y=2",
    "ssh\0ssh://git@github.com:22/a/b",
    "kubelet\0--authentication-token-webhook=true\0--authorization-mode=Webhook",
    "mkdir\0-p\0/srv/a1b2c3",
    "ps\0-eo\0pid,user,args",
    "bash\0-c\0echo done; PWD=/srv/app make",
];

/// Lines that stay as they are.
const HARMLESS_LINES: &[&str] = &[
    "BOOT_IMAGE=/vmlinuz-6.1 root=UUID=1234-5678 ro quiet crashkernel=512M",
    "systemd[1]: Started Forward Password Requests to Wall Directory Watch.",
    "systemd[1]: systemd-ask-password-console.path: Deactivated successfully.",
    "sshd[1]: pam_unix(sshd:auth): authentication failure; logname= uid=0 user=root",
    "sshd[1]: Failed password for invalid user admin from 10.0.0.9 port 51122 ssh2",
    "audit: type=1701 audit(1.2:3): auid=0 comm=\"app\" exe=\"/usr/bin/app\" sig=11 res=1",
    "ESTAB 0 0 [::1]:22 [::1]:51122 users:((\"sshd\",pid=1,fd=3)) timer:(keepalive,119min,0)",
    "1: lo: <LOOPBACK,UP> mtu 65536 link/ether aa:bb:cc:dd:ee:ff brd ff:ff:ff:ff:ff:ff",
    "0000:00:1f.2 SATA controller [0106]: Intel Corporation 82801IR [8086:2922] (rev 02)",
    "Power-On Password Status: Disabled",
    "net.ipv4.tcp_syncookies = 1",
    "net.sctp.auth_enable = 0",
    "PASSWORD=",
    "password_encryption = scram-sha-256",
    "passwordauthentication no",
    "kunit: pass=12 fail=0 skip=1",
    "proxy_pass http://backend:8080/;",
    "SMART overall-health self-assessment test result: PASSED",
    "  9 Power_On_Hours 0x0032 100 100 000 Old_age Always - 4258 (30941 0)",
    "Basic authentication is used; Bearer authentication too",
    "contact admin@example.com or see https://example.com/a@b",
    "token_type=bearer",
    "DB_PASSWORD=${DB_PASSWORD}",
];

fn survives(bytes: &[u8], secret: &str) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
}

#[test]
fn no_secret_survives() {
    for (form, corpus) in [(0, ARGUMENTS), (1, LINES)] {
        for (input, secrets) in corpus {
            let redacted =
                if form == 0 { arguments(input.as_bytes()) } else { text(input.as_bytes()) };
            let shown = String::from_utf8_lossy(&redacted.bytes).replace('\0', " ");
            for secret in *secrets {
                assert!(!survives(&redacted.bytes, secret), "{secret} survives in {shown}");
            }
            assert!(redacted.masked > 0, "{shown}");
            assert_eq!(
                shown.matches(MASK).count() as u64,
                redacted.masked,
                "each mask is counted: {shown}"
            );
        }
    }
}

#[test]
fn the_harmless_stays_whole() {
    for input in HARMLESS_ARGUMENTS {
        let redacted = arguments(input.as_bytes());
        assert_eq!(String::from_utf8_lossy(&redacted.bytes), *input);
        assert_eq!(redacted.masked, 0);
    }
    for input in HARMLESS_LINES {
        let redacted = text(input.as_bytes());
        assert_eq!(String::from_utf8_lossy(&redacted.bytes), *input);
        assert_eq!(redacted.masked, 0);
    }
}

#[test]
fn names_and_neighbours_of_a_secret_stay() {
    let shown = |r: Redacted| String::from_utf8(r.bytes).unwrap().replace('\0', " ");
    assert_eq!(
        shown(arguments(b"mysql\0-uroot\0-pTopSecret1\0shop")),
        "mysql -uroot -p<masked> shop"
    );
    assert_eq!(
        shown(arguments(b"java\0jdbc:sqlserver://h;user=sa;password=Sq1P;encrypt=true")),
        "java jdbc:sqlserver://h;user=sa;password=<masked>;encrypt=true"
    );
    assert_eq!(
        shown(arguments(b"celery\0amqp://guest:gu3stpw@mq1:5672//")),
        "celery amqp://guest:<masked>@mq1:5672//"
    );
    assert_eq!(
        shown(text(b"a\nproxy_set_header Authorization \"Basic dXNlcjpwYXNz\";\nb\n")),
        "a\nproxy_set_header Authorization \"Basic <masked>\";\nb\n"
    );
    assert_eq!(
        shown(text(b"root=/dev/sda1 luks.passphrase=bootpw quiet")),
        "root=/dev/sda1 luks.passphrase=<masked> quiet"
    );
}

/// Any bytes: no panic, and no more than linear work (a quadratic scan would take minutes here).
#[test]
fn hostile_text_is_read_once() {
    for unit in [
        "a:",
        "pass=",
        "'\"",
        "://",
        "-p",
        "x://u:",
        "Authorization:",
        "\\\"",
        "%3d",
        "=&;,",
        "a:@",
    ] {
        let long = unit.repeat((1 << 14) / unit.len());
        let by_arguments = arguments(long.as_bytes());
        let by_lines = text(long.as_bytes());
        assert!(by_arguments.bytes.len() + by_lines.bytes.len() > 0);
    }
    let every: Vec<u8> = (0..=255).cycle().take(4096).collect();
    assert!(!arguments(&every).bytes.is_empty());
    assert!(!text(&every).bytes.is_empty());
}
