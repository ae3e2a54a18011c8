import type { Command, Terminal } from './command.ts'

/** By their names. Each loads what it needs when it runs. */
const COMMANDS: Readonly<Record<string, Command>> = {
  demo: {
    summary: 'a real authorization server on loopback, before and after refresh-once',
    run: async (_, terminal) => (await import('./demo/demo.ts')).demo(terminal),
  },
}

/** The command line was not understood, as with most programs. */
const MISUSED = 2

/** Runs the command that the arguments name. */
export async function run(arguments_: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...others] = arguments_
  if (isHelp(name) || others.some(isHelp)) {
    terminal.out(usage())
    return 0
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command) return command.run(others, terminal)
  if (name !== undefined) terminal.error(`refresh-once: unknown command "${name}"\n\n`)
  terminal.error(usage())
  return MISUSED
}

function isHelp(argument: string | undefined): boolean {
  return argument === '--help' || argument === '-h' || argument === 'help'
}

function usage(): string {
  const commands = Object.entries(COMMANDS)
  const width = Math.max(...commands.map(([name]) => name.length))
  const lines = commands.map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`)
  return `usage: refresh-once <command>\n\n${lines.join('\n')}\n`
}
