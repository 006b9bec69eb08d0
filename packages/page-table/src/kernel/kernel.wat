;; The quick way of a walk, over tables in a shared memory: see kernel-walker.ts.
;;
;; An entry is one atomic load of 64 bits, so no other agent's change is seen half-done. What is not plain (an address that is not
;; canonical, an entry that does not lead on, a huge page, a table outside) is 0, and the caller's to look at.
(module
  (import "memkit" "memory" (memory 1 65536 shared))

  ;; $plan: where the plan of the address's half is: block.ts. 1: the answer is in the block; 0: not plain.
  (func (export "walk") (param $hi i32) (param $lo i32) (param $plan i32) (result i32)
    (local $va i64) (local $entry i64) (local $and i64) (local $or i64) (local $value i64) (local $bits i64)
    (local $pfnShift i64) (local $shift i64) (local $page i32) (local $at i32) (local $block i32) (local $rights i32)
    (if (i32.and
          (i32.add (i32.shr_s (local.get $hi) (i32.load offset=0 (local.get $plan))) (i32.const 1))
          (i32.const -2))
      (then (return (i32.const 0))))
    (local.set $va
      (i64.or (i64.shl (i64.extend_i32_u (local.get $hi)) (i64.const 32)) (i64.extend_i32_u (local.get $lo))))
    (local.set $shift (i64.load offset=8 (local.get $plan)))
    (local.set $page (i32.load offset=4 (local.get $plan)))
    (local.set $value (i64.load offset=24 (local.get $plan)))
    (local.set $bits (i64.load offset=32 (local.get $plan)))
    (local.set $pfnShift (i64.load offset=40 (local.get $plan)))
    (local.set $and (i64.const -1))
    (loop $level
      (if (i32.ge_u (local.get $page) (i32.load offset=16 (local.get $plan)))
        (then (return (i32.const 0))))
      (local.set $at
        (i32.add
          (i32.add (i32.shl (local.get $page) (i32.const 12)) (i32.load offset=20 (local.get $plan)))
          (i32.and (i32.wrap_i64 (i64.shr_u (local.get $va) (local.get $shift))) (i32.const 4088))))
      (local.set $entry (i64.atomic.load (local.get $at)))
      (if (i64.ne (local.get $shift) (i64.const 9))
        (then
          (local.set $entry (i64.xor (local.get $entry) (local.get $value)))
          (if (i64.ne (i64.and (local.get $entry) (local.get $bits)) (i64.const 0))
            (then (return (i32.const 0))))
          (local.set $and (i64.and (local.get $and) (local.get $entry)))
          (local.set $or (i64.or (local.get $or) (local.get $entry)))
          (local.set $page
            (i32.sub
              (i32.wrap_i64 (i64.shr_u (local.get $entry) (local.get $pfnShift)))
              (i32.load offset=96 (local.get $plan))))
          (local.set $shift (i64.sub (local.get $shift) (i64.const 9)))
          (br $level))))
    (if (i64.ne
          (i64.and (i64.xor (local.get $entry) (i64.load offset=48 (local.get $plan))) (i64.load offset=56 (local.get $plan)))
          (i64.const 0))
      (then (return (i32.const 0))))
    (local.set $block (i32.and (local.get $plan) (i32.const -256)))
    (local.set $rights
      (i32.load8_u offset=512
        (i32.add
          (local.get $block)
          (i32.or
            (i32.or
              (i32.and
                (i32.wrap_i64
                  (i64.shr_u
                    (i64.and (local.get $entry) (i64.or (local.get $and) (i64.load offset=64 (local.get $plan))))
                    (i64.load offset=72 (local.get $plan))))
                (i32.load offset=100 (local.get $plan)))
              (i32.and
                (i32.wrap_i64 (i64.shr_u (local.get $entry) (i64.load offset=80 (local.get $plan))))
                (i32.load offset=104 (local.get $plan))))
            (i32.and
              (i32.wrap_i64 (i64.shr_u (local.get $or) (i64.load offset=88 (local.get $plan))))
              (i32.load offset=108 (local.get $plan)))))))
    (if (i32.ge_u (local.get $rights) (i32.const 64)) ;; RESERVED_RIGHTS
      (then (return (i32.const 0))))
    (i64.store offset=256 (local.get $block) (local.get $entry))
    (i64.store offset=264 (local.get $block) (local.get $and))
    (i64.store offset=272 (local.get $block) (local.get $or))
    (i32.store offset=280 (local.get $block)
      (i32.wrap_i64 (i64.shr_u (local.get $entry) (local.get $pfnShift))))
    (i32.store offset=284 (local.get $block) (local.get $rights))
    (i32.store offset=288 (local.get $block) (local.get $page))
    (i32.store offset=292 (local.get $block) (local.get $at))
    (i32.store offset=296 (local.get $block) (i32.and (local.get $lo) (i32.const 4095)))
    (i32.const 1)))
