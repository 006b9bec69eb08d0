;; The steps of one shared word, of a memory that many agents have: see kernel.ts for what they promise.
;;
;; Every function takes the place of the word in bytes, a multiple of 4. Results below 0 are those of `Refusal`:
;; unused -1, unique -2, busy -3, overflow -4, at the maximum -5.
(module
  (import "memkit" "memory" (memory 1 65536 shared))

  ;; Why a word may not move.
  (func $refusal (param $word i32) (result i32)
    (if (i32.gt_s (local.get $word) (i32.const 0)) (then (return (i32.const -5))))
    (if (i32.eqz (local.get $word)) (then (return (i32.const -3))))
    (if (i32.lt_s (local.get $word) (i32.const -2)) (then (return (i32.const -4))))
    (local.get $word))

  ;; n to n+1, for 0 < n < 2^31-1. A failed swap means that another agent's step succeeded.
  (func (export "inc") (param $at i32) (result i32)
    (local $word i32) (local $seen i32)
    (local.set $word (i32.atomic.load (local.get $at)))
    (block $refused
      (loop $again
        (br_if $refused (i32.le_s (local.get $word) (i32.const 0)))
        (br_if $refused (i32.eq (local.get $word) (i32.const 0x7fffffff)))
        (local.set $seen
          (i32.atomic.rmw.cmpxchg (local.get $at)
            (local.get $word)
            (i32.add (local.get $word) (i32.const 1))))
        (if (i32.eq (local.get $seen) (local.get $word))
          (then (return (i32.add (local.get $word) (i32.const 1)))))
        (local.set $word (local.get $seen))
        (br $again)))
    (call $refusal (local.get $word)))

  ;; n to n-1, for 0 < n. Of all agents that step, one is told 0: the frame is then its to tear down.
  (func (export "dec") (param $at i32) (result i32)
    (local $word i32) (local $seen i32)
    (local.set $word (i32.atomic.load (local.get $at)))
    (block $refused
      (loop $again
        (br_if $refused (i32.le_s (local.get $word) (i32.const 0)))
        (local.set $seen
          (i32.atomic.rmw.cmpxchg (local.get $at)
            (local.get $word)
            (i32.sub (local.get $word) (i32.const 1))))
        (if (i32.eq (local.get $seen) (local.get $word))
          (then (return (i32.sub (local.get $word) (i32.const 1)))))
        (local.set $word (local.get $seen))
        (br $again)))
    (call $refusal (local.get $word)))

  (func (export "load") (param $at i32) (result i32)
    (i32.atomic.load (local.get $at)))

  (func (export "store") (param $at i32) (param $value i32)
    (i32.atomic.store (local.get $at) (local.get $value)))

  ;; Replaces $from by $to; what was there, which is $from if it did.
  (func (export "swap") (param $at i32) (param $from i32) (param $to i32) (result i32)
    (i32.atomic.rmw.cmpxchg (local.get $at) (local.get $from) (local.get $to)))

  ;; Adds without a look; the sum.
  (func (export "add") (param $at i32) (param $step i32) (result i32)
    (i32.add (i32.atomic.rmw.add (local.get $at) (local.get $step)) (local.get $step))))
