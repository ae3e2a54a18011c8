/**
 * `npm run verify`: what does not fit the minutes of CI. Prints a Markdown table for
 * docs/verification.md.
 *
 * `npm run verify -- properties` runs the commands named only.
 */
import { runCommand, seconds, type Command } from '../check/command.ts'

const COMMANDS: readonly Command[] = [
  { name: 'explore', run: 'tsx test/explore/main.ts --long' },
  {
    name: 'properties',
    run: 'vitest run --reporter=dot test/properties test/mutants',
    env: { PROPERTY_RUNS: '20' },
  },
  { name: 'simulation', run: 'tsx test/simulation/main.ts --seed 1 --worlds 100 --steps 40000' },
  {
    name: 'processes',
    run: 'vitest run --reporter=dot test/processes',
    env: { PROPERTY_RUNS: '20' },
  },
  {
    name: 'kills',
    run: 'vitest run --reporter=dot test/credentials',
    env: { PROPERTY_RUNS: '20' },
  },
  {
    name: 'grants',
    run: 'vitest run --reporter=dot test/examples/cron-worker.test.ts',
    env: { PROPERTY_RUNS: '20' },
  },
  {
    name: 'providers',
    run: 'vitest run --reporter=dot test/providers/every.test.ts',
    env: { PROPERTY_RUNS: '20' },
  },
  { name: 'windows', run: 'tsx test/windows/main.ts' },
  { name: 'site', run: 'tsx test/docs/site.ts' },
  { name: 'outage', run: 'tsx test/bench/outages.ts' },
  { name: 'soak', run: 'tsx test/soak/main.ts --minutes 4 --seed 2' },
]

const wanted = process.argv.slice(2)
const commands = COMMANDS.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
const rows: string[] = []
let failed = commands.length === 0 ? 1 : 0

for (const command of commands) {
  console.log(`… ${command.name}: ${spelled(command)}`)
  const { name, passed, ms, output } = await runCommand(command)
  if (!passed) {
    failed += 1
    console.log(output)
  }
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${name} ${seconds(ms)}`)
  rows.push(
    `| ${name} | \`${spelled(command)}\` | ${passed ? 'passed' : '**failed**'} | ${seconds(ms)} |`,
  )
}

console.log(
  ['', '| what | command | result | time |', '| --- | --- | --- | --- |', ...rows].join('\n'),
)
process.exitCode = failed === 0 ? 0 : 1

function spelled({ run, env = {} }: Command): string {
  return [...Object.entries(env).map(([name, value]) => `${name}=${value}`), run].join(' ')
}
