import fs from 'node:fs';

/** Loaded into a server before it: the disk takes nothing any more once the file is there that `DISK_FAILS` names. */
const { fdatasync } = fs;
const failure = Object.assign(new Error('EIO: i/o error, fdatasync'), { code: 'EIO' });
const failing = (fd: number, done: fs.NoParamCallback) => {
  if (fs.existsSync(process.env.DISK_FAILS ?? '')) setImmediate(done, failure);
  else fdatasync(fd, done);
};
fs.fdatasync = Object.assign(failing, { __promisify__: fdatasync.__promisify__ });
