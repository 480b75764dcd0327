// SPDX-License-Identifier: EUPL-1.2

import ArgumentParser
import KreisInterchange
import KreisLocal

struct MetricsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "metrics", abstract: "Print what is measured here, for Prometheus.",
    discussion: """
      In the text format of Prometheus, also for the textfile collector of its node_exporter: write \
      to a file of another name and move it into the collector's folder. The setting metrics_listen \
      shows the same over HTTP. Members of the daemon's monitor_group may run this without root.

      Examples:
        kreisnetz metrics --state /var/lib/kreisnetz/halver
        kreisnetz metrics --json
      """)

  @OptionGroup var state: StateOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let out = StandardOutput()
    _ = try ReplicaSession(state).run(LocalRequest("metrics"), .watching) { row in
      if output.json { return try out.json(row) }
      try out.write(Array(MetricFamily.exposition([MetricFamily(row)]).utf8))
    }
  }
}
