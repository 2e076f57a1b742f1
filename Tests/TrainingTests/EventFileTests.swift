import Files
import Foundation
import Testing

@testable import Training

extension TrainingTests {
  /// TensorBoard's event files, read back without the code that wrote them.
  @Suite struct EventFiles {
    /// An event as the file has it.
    private struct Event: Equatable {
      var step = 0
      var version = ""
      var isStart = false
      var scalars: [String: Float] = [:]
    }

    @Test func holdTheScalarsOfTheLog() throws {
      let tiny = try TinyRun()
      var request = tiny.request("run")
      request.options.tensorBoard = true
      try tiny.run(request)
      let names = try eventFiles(tiny)
      #expect(names.count == 1)
      let events = try events(tiny.read("run/\(names[0])"))
      #expect(events[0] == Event(step: 1, version: "brain.Event:2"))
      #expect(events[1] == Event(step: 1, isStart: true))
      #expect(try Array(events.dropFirst(2)) == expected(tiny.text("run/metrics.jsonl")))
      #expect(events.last?.scalars.keys.contains("eval/val_loss") == true)
      #expect(events[2].scalars.keys.contains("step/optimizer_seconds"))
    }

    /// Without the flag there is none.
    @Test func areForThoseWhoAsk() throws {
      let tiny = try TinyRun()
      try tiny.run(tiny.request("run"))
      #expect(try eventFiles(tiny).isEmpty)
    }

    /// A run that died after its last checkpoint leaves events of steps that come again: the next file
    /// says from where on they don't count. What counts in the end is the log.
    @Test func aResumedRunLeavesOneCurve() throws {
      let tiny = try TinyRun()
      var request = tiny.request("run")
      request.options.tensorBoard = true
      request.options.checkpointEvery = 5
      request.options.evalEvery = 2
      try tiny.run(request, stopAt: 9)
      // The checkpoint of step 9 is damaged, so the run goes on after step 5.
      try LocalFileSystem().writeAtomically([1], to: tiny.file("run/step-00000009/config.json"))
      request.resume = true
      try tiny.run(request)
      let names = try eventFiles(tiny)
      #expect(names.count == 2 && names == names.sorted())
      let files = try names.map { try events(tiny.read("run/\($0)")) }
      #expect(files[0].last?.step == 9 && files[1][1] == Event(step: 6, isStart: true))
      var counted: [Event] = []
      for event in files.joined() {
        if event.isStart { counted.removeAll { $0.step >= event.step } }
        if !event.scalars.isEmpty { counted.append(event) }
      }
      #expect(counted == (try expected(tiny.text("run/metrics.jsonl"))))
    }

    /// The checksums here are those of TensorBoard's own writer: it frames the bytes `abc` as length,
    /// 0x0E4999B0, bytes, 0x21F1576E.
    @Test func theFramingIsTensorFlows() {
      #expect(
        masked([3, 0, 0, 0, 0, 0, 0, 0]) == 0x0E49_99B0 && masked([97, 98, 99]) == 0x21F1_576E)
      let record = EventFile.record(EventMessage(wallTime: 0, step: 0))
      #expect(record.prefix(8) == [11, 0, 0, 0, 0, 0, 0, 0] && record.count == 8 + 4 + 11 + 4)
    }

    private func eventFiles(_ tiny: TinyRun) throws -> [String] {
      try LocalFileSystem().list(tiny.file("run")).filter {
        $0.hasPrefix("events.out.tfevents.")
      }
    }

    /// The lines of a log as events.
    private func expected(_ log: String) throws -> [Event] {
      try log.split(separator: "\n").map { line in
        let json = try JSON(parsing: Array(line.utf8), name: "metrics")
        let (group, step) = (json["event"]?.stringValue ?? "", json["step"]?.intValue ?? -1)
        var event = Event(step: step)
        for member in json.objectValue ?? [] where member.key != "step" {
          if let value = member.value.doubleValue {
            event.scalars["\(group)/\(member.key)"] = Float(value)
          }
        }
        return event
      }
    }

    /// Records of length, checksum, bytes, checksum.
    private func events(_ bytes: [UInt8]) throws -> [Event] {
      var (rest, events): (ArraySlice<UInt8>, [Event]) = (bytes[...], [])
      func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
      }
      while !rest.isEmpty {
        let length = Array(rest.prefix(8))
        rest = rest.dropFirst(8)
        try #require(number(rest.prefix(4)) == UInt64(masked(length)))
        let message = Array(rest.dropFirst(4).prefix(Int(number(length[...]))))
        rest = rest.dropFirst(4 + message.count)
        try #require(number(rest.prefix(4)) == UInt64(masked(message)))
        rest = rest.dropFirst(4)
        events.append(try event(message))
      }
      return events
    }

    /// CRC-32C bit by bit, and TFRecord's mask: rotated right by 15, then a constant added.
    private func masked(_ bytes: [UInt8]) -> UInt32 {
      var crc: UInt32 = 0xFFFF_FFFF
      for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
      }
      crc = ~crc
      return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    }

    private func event(_ message: [UInt8]) throws -> Event {
      var event = Event()
      for field in try fields(message) {
        switch field {
        case (1, .fixed(let bits)):
          let time = Double(bitPattern: bits)
          #expect(abs(time - Date().timeIntervalSince1970) < 3600)
        case (2, .varint(let step)): event.step = Int(step)
        case (3, .bytes(let name)): event.version = String(decoding: name, as: UTF8.self)
        case (5, .bytes(let summary)):
          for value in try fields(summary) {
            guard case (1, .bytes(let scalar)) = value else { throw Malformed() }
            let parts = try fields(scalar)
            guard parts.count == 2, case (1, .bytes(let tag)) = parts[0],
              case (2, .fixed(let bits)) = parts[1]
            else { throw Malformed() }
            event.scalars[String(decoding: tag, as: UTF8.self)] = Float(
              bitPattern: UInt32(bits))
          }
        case (7, .bytes(let session)): event.isStart = session == [8, 1]
        default: throw Malformed()
        }
      }
      return event
    }

    private struct Malformed: Error {}

    private enum Value { case varint(UInt64), fixed(UInt64), bytes([UInt8]) }

    /// Protobuf's wire format.
    private func fields(_ message: [UInt8]) throws -> [(Int, Value)] {
      var (at, fields): (Int, [(Int, Value)]) = (0, [])
      func varint() throws -> UInt64 {
        var (value, shift): (UInt64, UInt64) = (0, 0)
        while true {
          guard at < message.count else { throw Malformed() }
          value |= UInt64(message[at] & 0x7F) << shift
          (at, shift) = (at + 1, shift + 7)
          if message[at - 1] < 0x80 { return value }
        }
      }
      func take(_ count: Int) throws -> [UInt8] {
        guard at + count <= message.count else { throw Malformed() }
        at += count
        return Array(message[at - count..<at])
      }
      while at < message.count {
        let tag = try varint()
        switch tag & 7 {
        case 0: fields.append((Int(tag >> 3), .varint(try varint())))
        case 1, 5:
          let bits = try take(tag & 7 == 1 ? 8 : 4).reversed().reduce(0 as UInt64) {
            $0 << 8 | UInt64($1)
          }
          fields.append((Int(tag >> 3), .fixed(bits)))
        case 2: fields.append((Int(tag >> 3), .bytes(try take(Int(try varint())))))
        default: throw Malformed()
        }
      }
      return fields
    }
  }
}
