//! A browser without scripts in front of a node's page: it asks for pages, keeps the cookie it is given,
//! and sends a form with all that is in it. How its bytes get there is the test's.

#![expect(clippy::expect_used, reason = "a test stops where a page is another")]

/// Sends a request and returns the answer, up to its end.
type Carry<'a> = Box<dyn Fn(&str) -> String + 'a>;

/// Somebody in front of the page.
pub(crate) struct Browser<'a> {
    host: String,
    cookie: Option<String>,
    carry: Carry<'a>,
}

impl<'a> Browser<'a> {
    /// Opens one for the page at `url`, that of `aegis status`.
    pub(crate) fn new(url: &str, carry: impl Fn(&str) -> String + 'a) -> Self {
        let host = url.strip_prefix("http://").expect("a URL");
        Self {
            host: host.to_owned(),
            cookie: None,
            carry: Box::new(carry),
        }
    }

    /// Asks for a page; returns the whole answer.
    pub(crate) fn get(&mut self, path: &str) -> String {
        self.ask(&format!("GET {path}"), "", "")
    }

    /// Sends fields as a form of the page would; returns the whole answer.
    pub(crate) fn post(&mut self, path: &str, fields: &str) -> String {
        let head = "content-type: application/x-www-form-urlencoded\r\n\
                    sec-fetch-site: same-origin\r\n";
        self.ask(&format!("POST {path}"), head, fields)
    }

    /// Sends the form of `page` that asks for `action` and has `about` in it, with what somebody typed into
    /// it; returns the whole answer.
    #[track_caller]
    pub(crate) fn submit(
        &mut self,
        page: &str,
        (action, about): (&str, &str),
        typed: &str,
    ) -> String {
        let shown = self.get(page);
        let form = form(&shown, action, about);
        let form = form.unwrap_or_else(|| panic!("no form {action} for {about}: {shown}"));
        let mut fields = hidden(form);
        fields.extend((!typed.is_empty()).then(|| typed.to_owned()));
        self.post(action, &fields.join("&"))
    }

    /// Goes where an answer leads to; returns what is there.
    #[track_caller]
    pub(crate) fn follow(&mut self, answer: &str) -> String {
        let path = answer.lines().find_map(|it| it.strip_prefix("location: "));
        let path = path.unwrap_or_else(|| panic!("it leads nowhere: {answer}"));
        self.get(path.trim_end())
    }

    fn ask(&mut self, what: &str, head: &str, body: &str) -> String {
        let (host, length) = (&self.host, body.len());
        let cookie = self.cookie.as_ref().map(|it| format!("cookie: {it}\r\n"));
        let cookie = cookie.unwrap_or_default();
        let answer = (self.carry)(&format!(
            "{what} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
             content-length: {length}\r\n{cookie}{head}\r\n{body}"
        ));
        let given = answer
            .lines()
            .find_map(|it| it.strip_prefix("set-cookie: "));
        let given = given.and_then(|it| it.split(';').next());
        self.cookie = given.map(str::to_owned).or_else(|| self.cookie.take());
        answer
    }
}

/// Returns the form of a page that asks for `action` and has `about` in it.
fn form<'a>(page: &'a str, action: &str, about: &str) -> Option<&'a str> {
    let action = format!("action=\"{action}\"");
    let forms = page.split("<form ").skip(1);
    let mut forms = forms.filter_map(|it| it.split("</form>").next());
    forms.find(|it| it.contains(&action) && it.contains(about))
}

/// Returns what a form has in it without anybody's doing, as it is sent.
fn hidden(form: &str) -> Vec<String> {
    let inputs = form.split("<input ").skip(1);
    let inputs = inputs.filter(|it| it.starts_with("type=\"hidden\""));
    let field = |input: &str| {
        let value = |name: &str| {
            let (_, rest) = input.split_once(&format!(" {name}=\""))?;
            rest.split('"').next()
        };
        let (name, value) = (value("name")?, value("value")?);
        Some(format!("{name}={}", encoded(&unescaped(value))))
    };
    inputs.filter_map(field).collect()
}

fn unescaped(text: &str) -> String {
    let mut text = text.to_owned();
    for (escaped, it) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
    ] {
        text = text.replace(escaped, it);
    }
    text.replace("&amp;", "&")
}

/// Returns a text as it is sent in a form.
pub(crate) fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
