import type { OAuthSession } from 'refresh-once/sveltekit'

declare global {
  namespace App {
    interface Locals {
      oauth: OAuthSession
    }
  }
}
