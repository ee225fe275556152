//! A change of one field: leave it, clear it, or give it a value.

/// What a PATCH says about an optional field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It was left out: the field stays as it is.
    #[default]
    Keep,
    /// It was null: the field is empty from now on.
    Clear,
    /// It has a value.
    Set(T),
}

impl<T> Change<T> {
    /// The field after the change.
    #[must_use]
    pub fn over(self, present: Option<T>) -> Option<T> {
        match self {
            Self::Keep => present,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The value turned into another one; what is kept or cleared stays so.
    pub fn map<U>(self, turn: impl FnOnce(T) -> U) -> Change<U> {
        match self {
            Self::Keep => Change::Keep,
            Self::Clear => Change::Clear,
            Self::Set(value) => Change::Set(turn(value)),
        }
    }
}
