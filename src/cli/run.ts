import { createRequire } from 'node:module'
import { meant } from '../core/check-options.ts'
import { plain } from '../testing/fuzz/story.ts'
import { USAGE_EXIT } from './args.ts'
import { harmless, type Command, type Terminal } from './command.ts'

/** The commands by name. Each is loaded when it is called. */
const COMMANDS: Readonly<Record<string, Command>> = {
  demo: {
    summary: 'plays requests against a server on this machine, without and with refresh-once',
    help: async () => (await import('./demo/demo.ts')).USAGE,
    async run(args, terminal) {
      const { interrupted } = await import('./command.ts')
      return (await import('./demo/demo.ts')).demo(args, terminal, interrupted)
    },
  },
  diagram: {
    summary: 'prints the statechart, or the rows of the ledger, as Mermaid, SVG or JSON',
    help: async () => (await import('./diagram.ts')).USAGE,
    run: async (args, terminal) => (await import('./diagram.ts')).diagram(args, terminal),
  },
  doctor: {
    summary: 'checks an authorization server, a client and a Redis, and says what is wrong',
    help: async () => (await import('./doctor/doctor.ts')).USAGE,
    async run(args, terminal) {
      const { processEnvironment } = await import('./command.ts')
      return (await import('./doctor/doctor.ts')).doctor(args, terminal, processEnvironment())
    },
  },
  explain: {
    summary: 'reads a journal of onEvent, and says what happened to a grant',
    help: async () => (await import('./explain/explain.ts')).USAGE,
    run: async (args, terminal) => (await import('./explain/explain.ts')).explain(args, terminal),
  },
  fuzz: {
    summary: 'tests your provider against a described server, with crashes and lost answers',
    help: async () => (await import('./fuzz/fuzz.ts')).USAGE,
    run: async (args, terminal) => (await import('./fuzz/fuzz.ts')).fuzz(args, terminal),
  },
  inspect: {
    summary: 'serves a page on this machine that shows refreshes as they happen',
    help: async () => (await import('./inspect.ts')).USAGE,
    async run(args, terminal) {
      const { interrupted } = await import('./command.ts')
      return (await import('./inspect.ts')).inspect(args, terminal, interrupted())
    },
  },
  play: {
    summary: 'plays an authorization server on this machine, for the tests of any client',
    help: async () => (await import('./play/play.ts')).USAGE,
    async run(args, terminal) {
      const { interrupted } = await import('./command.ts')
      return (await import('./play/play.ts')).play(args, terminal, interrupted())
    },
  },
  probe: {
    summary: 'measures a real authorization server with throw-away grants, and describes it',
    help: async () => (await import('./probe/target.ts')).USAGE,
    async run(args, terminal) {
      const { processEnvironment } = await import('./command.ts')
      return (await import('./probe/probe.ts')).probe(args, terminal, processEnvironment())
    },
  },
  serve: {
    summary: 'serves access tokens to other programs, and keeps the refresh tokens here',
    help: async () => (await import('./serve.ts')).USAGE,
    async run(args, terminal) {
      const { interrupted, processEnvironment } = await import('./command.ts')
      return (await import('./serve.ts')).serve(args, terminal, processEnvironment(), interrupted)
    },
  },
}

/** Runs the command that the arguments name. */
export async function run(args: readonly string[], given: Terminal): Promise<number> {
  const terminal = harmless(given)
  const [name, ...others] = args
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (isHelp(name) || others.some(isHelp)) {
    terminal.out((await command?.help()) ?? usage())
    return 0
  }
  if (command) return command.run(others, terminal)
  if (name !== undefined && /^(?:--?v(?:ersion)?|version)$/i.test(name)) {
    terminal.out(`${version()}\n`)
    return 0
  }
  if (name !== undefined) {
    const instead = meant(name, Object.keys(COMMANDS))
    terminal.error(`refresh-once: unknown command "${plain(name)}": ${instead}\n\n`)
  }
  terminal.error(usage())
  return USAGE_EXIT
}

function isHelp(argument: string | undefined): boolean {
  return argument === '--help' || argument === '-h' || argument === 'help'
}

/** The version in the package's own manifest, which lies elsewhere for the source than for dist. */
function version(): string {
  const manifest: unknown = createRequire(import.meta.url)('refresh-once/package.json')
  return (manifest as { readonly version: string }).version
}

function usage(): string {
  const commands = Object.entries(COMMANDS)
  const width = Math.max(...commands.map(([name]) => name.length))
  const lines = commands.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return `usage: refresh-once <command>\n       refresh-once --version\n\n${lines.join('\n')}\n`
}
