import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Project } from './rule.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** This repository: what is committed, and what would be if everything were added now. */
export function repository(): Project {
  const options = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', options, { cwd: root, encoding: 'utf8' })
  const paths = listed.split('\0').filter((path) => path !== '' && existsSync(root + path))
  return { paths: new Set(paths), read: (path) => readFileSync(root + path, 'utf8') }
}

/** A repository that exists only here. */
export function imagined(files: Readonly<Record<string, string>>): Project {
  const read = (path: string): string => {
    const text = files[path]
    if (text === undefined) throw new Error(`no ${path} was imagined`)
    return text
  }
  return { paths: new Set(Object.keys(files)), read }
}
