// The package by `require`, from a project of CommonJS, and the promises with it.
const { createRefresher } = require('refresh-once')
const { memoryStore } = require('refresh-once/stores/memory')

const given = JSON.parse(process.argv[2])
if (typeof createRefresher !== 'function') throw new Error('require() brings no createRefresher')

void import('./promises.mjs').then(async ({ promises }) => {
  let names = 0
  const results = await promises(given, () => memoryStore({ name: `required ${(names += 1)}` }))
  console.log(`results ${JSON.stringify(results)}`)
  process.exit()
})
