;; The parts of reading a client's message that pay most when done sixteen bytes at a time: taking the mask off, and
;; passing over offers that are written as every known client writes them.
;;
;; Called through vector-scan.ts, from one thread; `npm run wat` makes vector-scan-module.ts of it. What is not plain here
;; is not wrong: it is left to the parser in TypeScript, which knows all of JSON. So everything here may answer "not
;; plain", and nothing here may take what that parser would refuse; vector-scan.test.ts holds the two against each other.
;;
;; | bytes of memory | what                                                                    |
;; |-----------------|-------------------------------------------------------------------------|
;; | 0–3             | how many offers `offers` has passed                                     |
;; | 16–65535        | of each, four words: offer's start and end, offer id's start and end    |
;; | 65536–          | messages; whoever calls sees to it that 32 more bytes follow the last   |
;;
;; Masks: one bit a byte of the sixteen, the first byte's the lowest.
(module
  (memory (export "memory") 5 5)

  ;; XORs the bytes from $at to $end with the mask $key, whose first byte is the lowest. RFC 6455, section 5.3.
  (func (export "unmask") (param $at i32) (param $end i32) (param $key i32)
    (local $keys v128)
    (local.set $keys (i32x4.splat (local.get $key)))
    (block $rest
      (loop $sixteen
        (br_if $rest (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end)))
        (v128.store (local.get $at) (v128.xor (v128.load (local.get $at)) (local.get $keys)))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $sixteen)))
    (block $done
      (loop $byte
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (i32.store8 (local.get $at) (i32.xor (i32.load8_u (local.get $at)) (local.get $key)))
        (local.set $key (i32.rotr (local.get $key) (i32.const 8)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $byte))))

  ;; From the byte after the opening quote of a string to the byte after its closing one; -1 where it holds more than ASCII
  ;; and escapes of two bytes, or does not end before $end.
  (func $string (param $at i32) (param $end i32) (result i32)
    (local $bytes v128) (local $quotes i32) (local $backslashes i32) (local $others i32) (local $letter i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const -1))))
      (local.set $bytes (v128.load (local.get $at)))
      (local.set $quotes
        (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x22)))))
      (local.set $backslashes
        (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x5c)))))
      ;; Controls, and as signed numbers all from 0x80.
      (local.set $others
        (i8x16.bitmask (i8x16.lt_s (local.get $bytes) (i8x16.splat (i32.const 0x20)))))
      (if (i32.eqz
            (i32.or (local.get $quotes) (i32.or (local.get $backslashes) (local.get $others))))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br $next)))
      (local.set $at
        (i32.add (local.get $at)
          (i32.ctz
            (i32.or (local.get $quotes) (i32.or (local.get $backslashes) (local.get $others))))))
      (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 0x22))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (return (select (local.get $at) (i32.const -1) (i32.le_u (local.get $at) (local.get $end))))))
      ;; "\r\n" ends every line of an SDP.
      (if (i32.eq (i32.load (local.get $at)) (i32.const 0x6e5c725c))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 4)))
          (br $next)))
      (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 0x5c)) (then (return (i32.const -1))))
      (local.set $letter (i32.load8_u (i32.add (local.get $at) (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (br_if $next (i32.eq (local.get $letter) (i32.const 0x6e))) ;; n
      (br_if $next (i32.eq (local.get $letter) (i32.const 0x72))) ;; r
      (br_if $next (i32.eq (local.get $letter) (i32.const 0x74))) ;; t
      (br_if $next (i32.eq (local.get $letter) (i32.const 0x62))) ;; b
      (br_if $next (i32.eq (local.get $letter) (i32.const 0x66))) ;; f
      (br_if $next (i32.eq (local.get $letter) (i32.const 0x2f))) ;; the solidus
      (br_if $next (i32.eq (local.get $letter) (i32.const 0x22)))
      (br_if $next (i32.eq (local.get $letter) (i32.const 0x5c))))
    (i32.const -1))

  ;; From the byte after the opening quote of an id to the byte after its closing one; -1 where it is not a JSON string of
  ;; twenty characters from 0 to 255. An id is random, so that all its bytes are looked at in the same way and nothing
  ;; branches on what they are; what is wrong is gathered and looked at in the end.
  (func $id (param $at i32) (param $end i32) (result i32)
    (local $bytes v128) (local $classes v128)
    (local $backslashes i32) (local $candidates i32) (local $codes i32)
    (local $escapes i32) ;; the backslashes that begin an escape
    (local $escaped i32) ;; what stands behind them
    (local $quotes i32) (local $inside i32)
    (local $leads i32) (local $seconds i32) (local $long i32)
    (local $zeros i32) (local $digits i32)
    (local $characters i32) (local $wrong i32)
    ;; What the sixteen bytes before have left for these: 1 where the first is escaped, 1 where it is a second byte, and
    ;; masks of where a zero and a digit of \u00xx have to stand.
    (local $escapedBefore i32) (local $leadBefore i32) (local $zerosBefore i32) (local $digitsBefore i32)
    (loop $next
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (i32.const -1))))
      (local.set $bytes (v128.load (local.get $at)))
      ;; Which backslash begins an escape: the first, third, … of a row of them. Taking the first of each row from the bits
      ;; at odd places carries through rows that begin at even ones, and the other way round.
      (local.set $backslashes
        (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x5c)))))
      (local.set $candidates
        (i32.and (local.get $backslashes) (i32.xor (local.get $escapedBefore) (i32.const -1))))
      (local.set $codes
        (i32.xor
          (i32.sub
            (i32.or (i32.shl (local.get $candidates) (i32.const 1)) (i32.const 0xaaaaaaaa))
            (local.get $candidates))
          (i32.const 0xaaaaaaaa)))
      (local.set $escapes (i32.and (local.get $codes) (local.get $backslashes)))
      (local.set $escaped
        (i32.xor (local.get $codes) (i32.or (local.get $backslashes) (local.get $escapedBefore))))
      (local.set $escapedBefore (i32.and (i32.shr_u (local.get $escapes) (i32.const 15)) (i32.const 1)))
      ;; The closing quote, and what lies before it.
      (local.set $quotes
        (i32.and
          (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x22))))
          (i32.xor (local.get $escaped) (i32.const -1))))
      (local.set $inside
        (select
          (i32.sub (i32.and (local.get $quotes) (i32.sub (i32.const 0) (local.get $quotes))) (i32.const 1))
          (i32.const 0xffff)
          (local.get $quotes)))
      ;; Two tables tell what an ASCII character may be by its halves: in bits 0 to 3 a letter of a short escape, in bits 4
      ;; and 5 a hexadecimal digit.
      (local.set $classes
        (v128.and
          (i8x16.swizzle
            (v128.const i8x16 0x10 0x30 0x3d 0x30 0x38 0x30 0x34 0x10 0x10 0x10 0 0 2 0 4 1)
            (v128.and (local.get $bytes) (i8x16.splat (i32.const 15))))
          (i8x16.swizzle
            (v128.const i8x16 0 0 1 0x10 0x20 2 0x24 8 0 0 0 0 0 0 0 0)
            (i8x16.shr_u (local.get $bytes) (i32.const 4)))))
      ;; Escapes: \u with two zeros and two digits, or one of the letters.
      (local.set $escaped (i32.and (local.get $escaped) (local.get $inside)))
      (local.set $long
        (i32.and (local.get $escaped)
          (i8x16.bitmask (i8x16.eq (local.get $bytes) (i8x16.splat (i32.const 0x75))))))
      (local.set $zeros
        (i32.or (local.get $zerosBefore)
          (i32.or (i32.shl (local.get $long) (i32.const 1)) (i32.shl (local.get $long) (i32.const 2)))))
      (local.set $digits
        (i32.or (local.get $digitsBefore)
          (i32.or (i32.shl (local.get $long) (i32.const 3)) (i32.shl (local.get $long) (i32.const 4)))))
      (local.set $zerosBefore (i32.shr_u (local.get $zeros) (i32.const 16)))
      (local.set $digitsBefore (i32.shr_u (local.get $digits) (i32.const 16)))
      (local.set $wrong
        (i32.or (local.get $wrong)
          (i32.or
            (i32.and (local.get $zeros)
              (i8x16.bitmask (i8x16.ne (local.get $bytes) (i8x16.splat (i32.const 0x30)))))
            (i32.and (local.get $digits)
              (i8x16.bitmask
                (i8x16.eq
                  (v128.and (local.get $classes) (i8x16.splat (i32.const 0x30)))
                  (v128.const i32x4 0 0 0 0)))))))
      (local.set $wrong
        (i32.or (local.get $wrong)
          (i32.and
            (i32.xor (local.get $escaped) (local.get $long))
            (i8x16.bitmask
              (i8x16.eq
                (v128.and (local.get $classes) (i8x16.splat (i32.const 15)))
                (v128.const i32x4 0 0 0 0))))))
      ;; UTF-8: c2 or c3 and a second byte behind each, nothing else beyond ASCII, and no control.
      (local.set $leads
        (i8x16.bitmask
          (i8x16.eq
            (v128.and (local.get $bytes) (i8x16.splat (i32.const 0xfe)))
            (i8x16.splat (i32.const 0xc2)))))
      (local.set $seconds
        (i8x16.bitmask (i8x16.lt_s (local.get $bytes) (i8x16.splat (i32.const -64)))))
      (local.set $wrong
        (i32.or (local.get $wrong)
          (i32.and (local.get $inside)
            (i32.xor
              (i32.or (local.get $leads) (local.get $seconds))
              (i8x16.bitmask (i8x16.lt_s (local.get $bytes) (i8x16.splat (i32.const 0x20))))))))
      (local.set $wrong
        (i32.or (local.get $wrong)
          (i32.and
            (i32.and
              (i32.or (i32.shl (local.get $inside) (i32.const 1)) (i32.const 1))
              (i32.const 0xffff))
            (i32.xor
              (local.get $seconds)
              (i32.or (i32.shl (local.get $leads) (i32.const 1)) (local.get $leadBefore))))))
      (local.set $leadBefore (i32.shr_u (local.get $leads) (i32.const 15)))
      ;; Characters: all bytes but backslashes and second bytes, and of a \u00xx its four digits.
      (local.set $characters
        (i32.sub
          (i32.add (local.get $characters)
            (i32.popcnt
              (i32.and (local.get $inside)
                (i32.xor (i32.or (local.get $escapes) (local.get $seconds)) (i32.const -1)))))
          (i32.shl (i32.popcnt (local.get $long)) (i32.const 2))))
      (if (i32.eqz (local.get $quotes))
        (then
          (local.set $at (i32.add (local.get $at) (i32.const 16)))
          (br $next))))
    (local.set $at (i32.add (local.get $at) (i32.add (i32.ctz (local.get $quotes)) (i32.const 1))))
    (select
      (local.get $at)
      (i32.const -1)
      (i32.and
        (i32.and (i32.eqz (local.get $wrong)) (i32.eq (local.get $characters) (i32.const 20)))
        (i32.le_u (local.get $at) (local.get $end)))))

  ;; Passes over the offers of a list as long as they are plain and follow one another without a space:
  ;;
  ;;   {"offer":{"type":"offer","sdp":"…"},"offer_id":"…"}
  ;;
  ;; $start is where the first begins, $room how many are to be written down. Returns the byte after the last one's brace,
  ;; or $start where not even the first is plain.
  (func (export "offers") (param $start i32) (param $end i32) (param $room i32) (result i32)
    (local $at i32) (local $afterSdp i32) (local $afterId i32) (local $count i32) (local $out i32)
    (local.set $at (local.get $start))
    (local.set $out (i32.const 16))
    (block $stop
      (loop $next
        (br_if $stop (i32.ge_u (local.get $at) (local.get $end)))
        (br_if $stop
          (v128.any_true
            (v128.or
              (v128.xor (v128.load (local.get $at)) ;; {"offer":{"type"
                (v128.const i8x16 0x7b 0x22 0x6f 0x66 0x66 0x65 0x72 0x22 0x3a 0x7b 0x22 0x74 0x79 0x70 0x65 0x22))
              (v128.xor (v128.load offset=16 (local.get $at)) ;; :"offer","sdp":"
                (v128.const i8x16 0x3a 0x22 0x6f 0x66 0x66 0x65 0x72 0x22 0x2c 0x22 0x73 0x64 0x70 0x22 0x3a 0x22)))))
        (local.set $afterSdp (call $string (i32.add (local.get $at) (i32.const 32)) (local.get $end)))
        (br_if $stop (i32.lt_s (local.get $afterSdp) (i32.const 0)))
        (br_if $stop
          (i32.ne
            (i32.const 0x3fff)
            (i32.and
              (i32.const 0x3fff)
              (i8x16.bitmask
                (i8x16.eq (v128.load (local.get $afterSdp)) ;; },"offer_id":"
                  (v128.const i8x16 0x7d 0x2c 0x22 0x6f 0x66 0x66 0x65 0x72 0x5f 0x69 0x64 0x22 0x3a 0x22 0 0))))))
        (local.set $afterId (call $id (i32.add (local.get $afterSdp) (i32.const 14)) (local.get $end)))
        (br_if $stop (i32.lt_s (local.get $afterId) (i32.const 0)))
        (br_if $stop (i32.ge_u (local.get $afterId) (local.get $end)))
        (br_if $stop (i32.ne (i32.load8_u (local.get $afterId)) (i32.const 0x7d)))
        (if (i32.lt_u (local.get $count) (local.get $room))
          (then
            (i32.store (local.get $out) (i32.add (local.get $at) (i32.const 9)))
            (i32.store offset=4 (local.get $out) (i32.add (local.get $afterSdp) (i32.const 1)))
            (i32.store offset=8 (local.get $out) (i32.add (local.get $afterSdp) (i32.const 13)))
            (i32.store offset=12 (local.get $out) (local.get $afterId))
            (local.set $out (i32.add (local.get $out) (i32.const 16)))))
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (local.set $start (i32.add (local.get $afterId) (i32.const 1)))
        (local.set $at (i32.add (local.get $afterId) (i32.const 2)))
        (br_if $stop (i32.ge_u (local.get $start) (local.get $end)))
        (br_if $next (i32.eq (i32.load8_u (local.get $start)) (i32.const 0x2c)))))
    (i32.store (i32.const 0) (local.get $count))
    (local.get $start)))
