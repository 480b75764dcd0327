// SPDX-License-Identifier: EUPL-1.2

import KreisLocal
import KreisMonitor
import KreisService
import KreisStore

/// What a daemon tells `kreisnetz doctor` about its files, also for those who may only watch it.
enum DoctorHandler {
  static let command = "doctor"

  /// Rows: `DoctorSubject.json`, then `Finding.json` each.
  ///
  /// - Parameter hub: its settings, at a hub.
  static func handler(
    _ directory: StateDirectory, _ hub: HubConfiguration? = nil
  ) -> CommandHandler {
    { call in
      try call.row(try DoctorSubject(directory).json)
      for finding in findings(directory, hub) { try call.row(finding.json) }
      return .done
    }
  }

  static func findings(_ directory: StateDirectory, _ hub: HubConfiguration?) -> [Finding] {
    var findings = StateExamination.findings(of: directory.path, software: Kreisnetz.version)
    if let hub {
      findings += HubExamination.findings(of: directory, hub, at: SystemClock.now())
    }
    return findings
  }
}
