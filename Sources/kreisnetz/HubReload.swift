// SPDX-License-Identifier: EUPL-1.2

import KreisHub
import KreisService
import KreisStore
import Logging

/// Takes up the hub's settings and its certificate anew, while it serves.
struct HubReload: Sendable {
  /// The settings file.
  let config: String?
  let hub: HubServer
  let directory: StateDirectory
  /// What the towns' invites pin.
  let pin: [UInt8]?
  let current: CurrentSettings<HubConfiguration>
  let threshold: LogThreshold
  let logger: Logger

  /// - Returns: the names of settings that wait for the next start.
  /// - Throws: what is wrong with them; nothing has changed then.
  func settings() throws -> [String] {
    let new = try HubConfiguration(path: config)
    if try certificate(new) { logger.notice("another certificate is served") }
    hub.limitMembers(toRequestsPerSecond: Double(new.requestsPerSecond))
    threshold.level = new.logLevel
    current.now = new
    return new.needingRestart(since: current.first)
  }

  /// - Returns: whether another certificate is served than before.
  /// - Throws: why the files cannot be used.
  func certificate() throws -> Bool { try certificate(current.now) }

  private func certificate(_ settings: HubConfiguration) throws -> Bool {
    let tls = try HubTLS(settings, directory, pin: pin)
    return try hub.certificate.change(to: tls.certificate, others: tls.others)
  }
}
