import { chromium, type Browser } from 'playwright-core'
import { installed } from './debian.ts'

/** Nothing but what a test asks for: no updates, no experiments, no reports. */
const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Starts Debian's Chromium. */
export async function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: await installed('chromium'), args: QUIET })
}
