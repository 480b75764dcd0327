// SPDX-License-Identifier: EUPL-1.2

import Foundation
import KreisInterchange

/// What systemd says about the daemon, on a machine where it runs.
package enum SystemdExamination {
  /// - Parameter unit: for example kreisnetz-town@halver.
  package static func findings(of unit: String) -> [Finding] {
    guard FileManager.default.fileExists(atPath: "/run/systemd/system") else {
      return [Finding(.ok, "systemd", "does not run here")]
    }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "systemctl", "show", "--property=LoadState,ActiveState,UnitFileState,WatchdogUSec,NRestarts",
      unit,
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else {
      return [Finding(.warn, "systemd", "systemctl cannot be run", "Run this as an admin.")]
    }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return judge(String(decoding: data, as: UTF8.self), of: unit)
  }

  /// - Parameter text: what `systemctl show` prints.
  package static func judge(_ text: String, of unit: String) -> [Finding] {
    var values: [Substring: Substring] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { values[parts[0]] = parts[1] }
    }
    guard values["LoadState"] == "loaded" else {
      return [
        Finding(
          .warn, "systemd", "there is no unit \(unit)",
          "Install the package, or run deploy/install; the unit's name is the state directory's.")
      ]
    }
    var findings: [Finding] = []
    if values["ActiveState"] != "active" {
      findings.append(
        Finding(
          .fail, "systemd", "\(unit) is \(values["ActiveState"] ?? "unknown")",
          "systemctl enable --now \(unit); then journalctl -u \(unit)"))
    } else if values["UnitFileState"] != "enabled" {
      findings.append(
        Finding(
          .warn, "systemd", "\(unit) runs, but not after the next start of the machine",
          "systemctl enable \(unit)"))
    } else {
      findings.append(Finding(.ok, "systemd", "\(unit) runs and is enabled"))
    }
    if ["0", "infinity", nil].contains(values["WatchdogUSec"]) {
      findings.append(
        Finding(
          .warn, "watchdog", "\(unit) has no watchdog, so a daemon that hangs is not restarted",
          "Set WatchdogSec=60, as the unit that is delivered has it."))
    }
    if let restarts = values["NRestarts"].flatMap({ Int($0) }), restarts > 0 {
      findings.append(
        Finding(
          .warn, "restarts",
          "systemd restarted \(unit) "
            + counted(restarts, "time", "times") + " since it was started",
          "journalctl -u \(unit) says why."))
    }
    return findings
  }
}
