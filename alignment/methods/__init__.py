"""The methods of training, one module each: `dpo`, `kto`, `sft`, `rloo`, `ppo`, `reward`, and `iterative_dpo` for fresh replies.

Each defines `TRAINING`; `trl_common` holds what those on TRL share. May import all of `alignment` but the stages and `distributed.launch`.
"""
