//! Why variables cannot be changed or read.

use crate::arith::ArithError;

/// Why a variable cannot be changed or read, in bash's words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum VarError {
    /// `x: readonly variable`
    Readonly(Vec<u8>),
    /// `a[-9]: bad array subscript`
    BadSubscript(Vec<u8>),
    /// `` `1x': not a valid identifier ``
    InvalidName(Vec<u8>),
    /// `` `1x': invalid variable name for name reference ``
    InvalidReference(Vec<u8>),
    /// `x: nameref variable self references not allowed`
    SelfReference(Vec<u8>),
    /// `warning: x: circular name reference`
    Circular(Vec<u8>),
    /// `a[0]: cannot assign list to array member`
    ListToMember(Vec<u8>),
    /// `a: cannot convert associative to indexed array`
    AssocToIndexed(Vec<u8>),
    /// `a: cannot convert indexed to associative array`
    IndexedToAssoc(Vec<u8>),
    /// `a: cannot destroy array variables in this way`
    CannotDestroy(Vec<u8>),
    /// `x: cannot unset: readonly variable`
    UnsetReadonly(Vec<u8>),
    /// `x: cannot unset`
    CannotUnset(Vec<u8>),
    /// `x: not an array variable`
    NotArray(Vec<u8>),
    /// `[]=x: bad array subscript`: of a list's element, in a shell that ends at errors.
    Element(Vec<u8>),
    /// Of a subscript or of an integer variable's value.
    Arith(ArithError),
}

impl VarError {
    /// The message without the shell's name and line.
    pub(crate) fn message(&self) -> Vec<u8> {
        let after = |name: &[u8], text: &str| [name, b": ", text.as_bytes()].concat();
        let quoted = |name: &[u8], text: &str| [b"`", name, b"': ", text.as_bytes()].concat();
        match self {
            VarError::Readonly(name) => after(name, "readonly variable"),
            VarError::BadSubscript(name) => after(name, "bad array subscript"),
            VarError::InvalidName(name) => quoted(name, "not a valid identifier"),
            VarError::InvalidReference(name) => {
                quoted(name, "invalid variable name for name reference")
            }
            VarError::SelfReference(name) => {
                after(name, "nameref variable self references not allowed")
            }
            VarError::Circular(name) => {
                [b"warning: ", &name[..], b": circular name reference"].concat()
            }
            VarError::ListToMember(name) => after(name, "cannot assign list to array member"),
            VarError::AssocToIndexed(name) => {
                after(name, "cannot convert associative to indexed array")
            }
            VarError::IndexedToAssoc(name) => {
                after(name, "cannot convert indexed to associative array")
            }
            VarError::CannotDestroy(name) => {
                after(name, "cannot destroy array variables in this way")
            }
            VarError::UnsetReadonly(name) => after(name, "cannot unset: readonly variable"),
            VarError::CannotUnset(name) => after(name, "cannot unset"),
            VarError::NotArray(name) => after(name, "not an array variable"),
            VarError::Element(message) => message.clone(),
            VarError::Arith(error) => error.message.clone(),
        }
    }
}

impl From<ArithError> for VarError {
    fn from(error: ArithError) -> VarError {
        VarError::Arith(error)
    }
}
