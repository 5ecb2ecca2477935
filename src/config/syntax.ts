/** What the parser calls a nesting that it does not follow any further. */
export const tooDeep = 'RESOURCE_EXHAUSTION'

/** What the YAML parser found, as a person can use it. */
const sayings: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'this key stands twice in one group; keep one of them',
  TAB_AS_INDENT: 'a tab stands where YAML wants spaces; indent with spaces',
  MULTIPLE_DOCS: 'a second document begins here; a configuration is one',
  NON_STRING_KEY: 'a key has to be text; put quotes around it',
  BLOCK_AS_IMPLICIT_KEY:
    'keys do not stand below each other, or a value holds a colon; align them, or put quotes around the value',
  MULTILINE_IMPLICIT_KEY:
    'keys do not stand below each other, or a value holds a colon; align them, or put quotes around the value',
  BAD_SCALAR_START: 'a value cannot begin with this sign; put quotes around it',
  UNEXPECTED_TOKEN: 'something follows after the end of a value; put quotes around the whole of it',
  TAG_RESOLVE_FAILED:
    'tags like !this mean nothing here; leave it out, and write ${NAME} or ${file:/path} for a secret',
  MISSING_CHAR: 'a comma, bracket, colon, dash or closing quote is missing here or above',
  BAD_INDENT: 'this line is not indented as what it belongs to',
  BAD_DQ_ESCAPE: 'a backslash means something between double quotes; write two of them, or use single quotes',
  BAD_DIRECTIVE: 'a line that begins with % is no directive that YAML knows; leave it out',
  [tooDeep]:
    'groups and lists stand deeper in one another than a configuration can need; a bracket is missing, perhaps',
  KEY_OVER_1024_CHARS: 'a key is longer than 1024 characters; a line break or a quote is missing, perhaps',
}

/** The parser's own words are not used: they may quote the file, and with it a secret. */
export const saidOf = (code: string): string =>
  sayings[code] ?? `this is no YAML (${code}); put quotes around the value`
