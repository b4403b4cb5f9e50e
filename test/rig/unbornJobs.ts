/** A worker of jobs that does not even begin. */
throw new Error('not in the mood');
