/* The first program of a User Mode Linux whose initrd is judged: writes what the kernel has unpacked, and what it said
 * of it, to the file `answer` in the host's directory that the variable `oracle` names, and ends the machine.
 *
 * A line is `K X SIZE PATH TARGET`, each field behind a tab: the kind as a letter (f, d, l, s), x if it may be executed,
 * bytes, and names in which bytes that are no ordinary character stand as `%XX`. A line `! TEXT` is the kernel's. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

static FILE *answer;

static void name(const char *text) {
    fputc('\t', answer);
    for (const unsigned char *at = (const unsigned char *)text; *at; at++)
        fprintf(answer, *at > ' ' && *at < 127 && *at != '%' ? "%c" : "%%%02X", *at);
}

/* Tells of what is in the working directory, whose path is given. Paths may be longer than the kernel takes. */
static void walk(const char *path) {
    struct dirent *entry;
    DIR *directory = opendir(".");
    while (directory && (entry = readdir(directory))) {
        struct stat status;
        char target[4097] = "", *below;
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") || lstat(entry->d_name, &status) ||
            (!*path && !strcmp(entry->d_name, ".oracle")))
            continue;
        mode_t kind = status.st_mode & S_IFMT;
        if (kind == S_IFLNK)
            readlink(entry->d_name, target, sizeof target - 1);
        below = malloc(strlen(path) + strlen(entry->d_name) + 2);
        sprintf(below, *path ? "%s/%s" : "%s%s", path, entry->d_name);
        fputc(kind == S_IFREG ? 'f' : kind == S_IFDIR ? 'd' : kind == S_IFLNK ? 'l' : 's', answer);
        fprintf(answer, "\t%c\t%lld", status.st_mode & 0111 ? 'x' : '-', (long long)status.st_size);
        name(below);
        name(target);
        fputc('\n', answer);
        if (kind == S_IFDIR && !chdir(entry->d_name)) {
            walk(below);
            if (chdir(".."))
                abort();
        }
        free(below);
    }
    closedir(directory);
}

int main(void) {
    static char said[1 << 16];
    if (mount("none", "/.oracle", "hostfs", 0, getenv("oracle")) || !(answer = fopen("/.oracle/answer", "w")))
        return 1;
    klogctl(3, said, sizeof said - 1);
    for (char *line = strtok(said, "\n"); line; line = strtok(NULL, "\n"))
        if (strstr(line, "nitramfs unpacking failed: "))
            fprintf(answer, "! %s\n", strstr(line, "failed: ") + 8);
    if (!chdir("/"))
        walk("");
    fclose(answer);
    reboot(RB_POWER_OFF);
    return 0;
}
