//! The parameters of a request: `a=1&b=two+words`.

/// Names and values, in order.
#[derive(Debug, Default)]
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Params(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(name, value)| (decoded(name), decoded(value)))
                .collect(),
        )
    }

    pub(super) fn extend(&mut self, more: Params) {
        self.0.extend(more.0);
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The parameters whose names begin so, without that.
    pub(super) fn after<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }
}

/// A plus is a space, %XX a byte; what isn't right stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let hidden = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match (
            first,
            hidden.and_then(|two| u8::from_str_radix(two, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let params = Params::parse("q=SELECT+a%3Db&&db=%c3%a9&bad=%zz%&empty");
        assert_eq!(params.get("q"), Some("SELECT a=b"));
        assert_eq!(params.get("db"), Some("é"));
        assert_eq!(params.get("bad"), Some("%zz%"));
        assert_eq!(params.get("empty"), Some(""));
        assert_eq!(params.get("none"), None);
    }
}
