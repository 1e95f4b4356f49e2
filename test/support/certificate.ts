/* A certificate for localhost that no authority has signed, for the tests of --insecure. */

const pem = (what: string, text: string) => `-----BEGIN ${what}-----\n${text}\n-----END ${what}-----`;
/** The key of the certificate. Only these tests use it. */
export const key = pem('PRIVATE KEY', [
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghd8wo3Z4suN8z5BN',
  'j/OmaoVLSSJMS0mn+5dETMAOSqahRANCAAQz70agYx5KgkFRvvapyMvDiRe9XPZ/',
  'FIW8fkrdhE+oEgvCyt9LE46SXjkW9OSwrnLgorHeC2mo/VTL9u25YVQn',
].join('\n'));
export const cert = pem('CERTIFICATE', [
  'MIIBfTCCASWgAwIBAgIULbST6UJq8n5i+Jnc/G8tX3kxCpYwCgYIKoZIzj0EAwIw',
  'FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzA5MDYwN1oYDzIxMjYxMDMw',
  'MDkwNjA3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO',
  'PQMBBwNCAAQz70agYx5KgkFRvvapyMvDiRe9XPZ/FIW8fkrdhE+oEgvCyt9LE46S',
  'XjkW9OSwrnLgorHeC2mo/VTL9u25YVQno1MwUTAdBgNVHQ4EFgQUYdWyh4cjVhX7',
  'JG8/SfyV8YCGbXYwHwYDVR0jBBgwFoAUYdWyh4cjVhX7JG8/SfyV8YCGbXYwDwYD',
  'VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNGADBDAh850fRItC7ozmD6PgGdixaI',
  'oC+2Zn92k6T9hvjBKGS8AiBIlx5Z+Reb9ktsm/CuK1Dzz4sAPsKvotLx3QcP+0Bb',
  'rw==',
].join('\n'));
