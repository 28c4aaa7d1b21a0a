// A real OpenID provider for the tests: node provider.mjs PORT KEYS CLIENT_SECRET REDIRECT_URI
// KEYS is the path of a JWKS with private keys. Whoever changes it starts the provider again, as an operator would.
// The name that somebody types at the provider is the account: "grace" is verified, "grace!unverified" is not.
import { readFileSync } from 'node:fs';
import Provider from 'oidc-provider';

const [port, keys, secret, redirectUri] = process.argv.slice(2);
function claimsOf(sub) {
  const [name, mark] = sub.split('!');
  const groups = name.startsWith('group-') ? [name] : [];
  return { sub, name, email: `${name}@example.com`, email_verified: mark !== 'unverified', groups };
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: JSON.parse(readFileSync(keys, 'utf8')),
  cookies: { keys: ['only for tests'] },
  clients: [
    {
      client_id: 'slm',
      client_secret: secret,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
    {
      client_id: 'other',
      client_secret: secret,
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => claimsOf(sub) }),
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({
        scope: 'openid email profile',
        audience: resource,
        accessTokenTTL: resource.endsWith(':short') ? 2 : 600,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
      defaultResource: () => undefined,
      useGrantedResource: () => true,
    },
  },
});

provider.listen(Number(port), '127.0.0.1', () => console.log('listening'));
