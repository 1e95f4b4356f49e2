/** A limited number of tasks that run beside other work. */
export class SideTasks {
  private readonly tasks = new Set<Promise<unknown>>();

  constructor(private readonly most: number) {}

  /** Takes a task, and waits until there is room for another. */
  async add(task: Promise<unknown>): Promise<void> {
    this.tasks.add(task);
    void task.then(() => this.tasks.delete(task));
    while (this.tasks.size >= this.most) await Promise.race(this.tasks);
  }

  async all(): Promise<void> {
    await Promise.all(this.tasks);
  }
}
