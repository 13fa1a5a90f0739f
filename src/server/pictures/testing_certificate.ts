// A key and its self-signed certificate for tests only, of the names pictures.example and moved.example, valid from 2024 to 2124 (made with
// openssl req and openssl ca -selfsign). The key is public with this file: nothing trusts it but the tests that name it.

export const testKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgw4CkHtnSRKdeRSep
YkDO8D0ZLZlFs5Tcqt4Y2M2TvNGhRANCAAS1YAL64hhn/tvwSwS2/c0I0jxXLoLC
xMRnjO+oehf1clPVOirsV9ychYb+E6iyWlVDOx7jGDV68xUr+U3npKEQ
-----END PRIVATE KEY-----
`;

export const testCertificate = `-----BEGIN CERTIFICATE-----
MIIBhjCCASugAwIBAgIBATAKBggqhkjOPQQDAjAbMRkwFwYDVQQDDBBwaWN0dXJl
cy5leGFtcGxlMCAXDTI0MDEwMTAwMDAwMFoYDzIxMjQwMTAxMDAwMDAwWjAbMRkw
FwYDVQQDDBBwaWN0dXJlcy5leGFtcGxlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD
QgAEtWAC+uIYZ/7b8EsEtv3NCNI8Vy6CwsTEZ4zvqHoX9XJT1Toq7FfcnIWG/hOo
slpVQzse4xg1evMVK/lN56ShEKNeMFwwDwYDVR0TAQH/BAUwAwEB/zAqBgNVHREE
IzAhghBwaWN0dXJlcy5leGFtcGxlgg1tb3ZlZC5leGFtcGxlMB0GA1UdDgQWBBST
4e4Q7w6MMMWrvqBrUeeQKb4DgDAKBggqhkjOPQQDAgNJADBGAiEA/OhCzi2URDXQ
Zc+uq9iCC35pHym0ImppIarNu+0ea0UCIQC80MqdV3GS2GP80tec7u4b6xikaIzQ
ZCzoWG1gYiZX6g==
-----END CERTIFICATE-----
`;
