// The package by `require`, as a project of CommonJS loads it from Node 20.19 on.
const assert = require('node:assert/strict')
const { createRefresher } = require('refresh-once')
const { oidc } = require('refresh-once/providers/oidc')
const { memoryStore } = require('refresh-once/stores/memory')

const refresher = createRefresher({
  provider: oidc({ issuer: 'https://id.example.com' }),
  client: { id: 'required' },
  ledger: { store: memoryStore() },
})
const tokens = { accessToken: 'at', expiresAtMs: Date.now() + 3_600_000 }

void refresher.refresh(tokens).then((outcome) => {
  assert.equal(outcome.state, 'fresh')
  assert.equal(outcome.accessToken, 'at')
})
