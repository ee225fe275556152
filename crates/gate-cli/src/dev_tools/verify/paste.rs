//! Reading what people have copied: a header with or without its name, or a whole request.

pub(super) const GATE_SIGNATURE: &str = "gate-signature";
pub(super) const STANDARD_SIGNATURE: &str = "webhook-signature";
pub(super) const STANDARD_TIME: &str = "webhook-timestamp";
pub(super) const STANDARD_ID: &str = "webhook-id";

/// A name in lower case, and a value.
pub(super) type Header = (String, String);

/// Read a header. A value alone is recognised by its form.
pub(super) fn header(text: &str) -> Result<Header, String> {
    if let Some((name, value)) = text.split_once(':')
        && is_name(name.trim())
    {
        return Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let text = text.trim();
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match text {
        text if text.starts_with("t=") || text.contains("v1=") => GATE_SIGNATURE,
        text if text.starts_with("v1,") || text.starts_with("v1a,") => STANDARD_SIGNATURE,
        text if text.starts_with("evt_") => STANDARD_ID,
        _ if digits => STANDARD_TIME,
        _ => {
            return Err(
                "A --header is a name and a value, such as 'Gate-Signature: t=...,v1=...'.".into(),
            );
        }
    };
    Ok((name.to_owned(), text.to_owned()))
}

/// Take a captured request apart. Lines of its head that are no headers are passed over; what stands
/// behind the first empty line is the body, byte for byte.
pub(super) fn request(bytes: &[u8]) -> (Vec<Header>, Vec<u8>) {
    let mut headers = Vec::new();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
        rest = &rest[end + 1..];
        if line.is_empty() {
            return (headers, rest.to_vec());
        }
        let line = String::from_utf8_lossy(line);
        if let Some((name, value)) = line.split_once(':')
            && is_name(name)
        {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    (headers, Vec::new())
}

fn is_name(text: &str) -> bool {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.bytes().all(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_without_its_name_is_recognised() {
        for (text, name, value) in [
            ("Gate-Signature: t=1,v1=a", GATE_SIGNATURE, "t=1,v1=a"),
            ("t=1,v1=a", GATE_SIGNATURE, "t=1,v1=a"),
            ("v1,YWI= v1,YWM=", STANDARD_SIGNATURE, "v1,YWI= v1,YWM="),
            ("evt_test_1", STANDARD_ID, "evt_test_1"),
            ("1764000000", STANDARD_TIME, "1764000000"),
        ] {
            assert_eq!(header(text), Ok((name.to_owned(), value.to_owned())), "{text}");
        }
        assert!(header("what").is_err() && header("").is_err());
    }

    #[test]
    fn a_request_is_taken_apart_and_its_body_left_alone() {
        for end in ["\n", "\r\n"] {
            let head = ["POST /webhooks HTTP/1.1", "Host: shop.test:80", "X-A: b: c", ""];
            let request_text = format!("{}{end}{{\"a\":1}}\r\n\n", head.join(end));
            let (headers, body) = request(request_text.as_bytes());
            assert_eq!(headers[1], ("x-a".to_owned(), "b: c".to_owned()));
            assert_eq!(headers.len(), 2);
            assert_eq!(body, b"{\"a\":1}\r\n\n");
        }
        assert_eq!(request(b"Gate-Signature: t=1,v1=a\n").1, b"");
    }
}
